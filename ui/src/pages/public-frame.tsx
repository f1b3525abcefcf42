import type { ReactNode } from "react";
import { Mark } from "@/app/mark";
import { useTitle } from "@/app/title";

/** The frame of the two pages before the sign-in: one narrow column. */
export function PublicFrame({
  title,
  note,
  children,
}: {
  title: string;
  note?: ReactNode;
  children: ReactNode;
}) {
  useTitle(title);
  return (
    <main className="h-dvh overflow-auto px-4">
      <div className="mx-auto grid w-full max-w-[380px] gap-5 pt-[12dvh] pb-10">
        <Mark size={32} />
        <div className="grid gap-1">
          <h1 className="text-page font-semibold tracking-[-0.014em]">{title}</h1>
          {note ? <p className="text-fg-2">{note}</p> : null}
        </div>
        {children}
      </div>
    </main>
  );
}
