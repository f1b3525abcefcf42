import { useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useSignIn } from "@/api/session";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { FormError } from "@/ui/states";
import { PublicFrame } from "./public-frame";

export default function SignIn() {
  const { next } = useSearch({ from: "/sign-in" });
  const router = useRouter();
  const signIn = useSignIn();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const submit = (e: FormEvent) => {
    e.preventDefault();
    signIn.mutate({ email, password }, { onSuccess: () => router.history.push(safeNext(next)) });
  };
  return (
    <PublicFrame title={t("signIn.title")}>
      <form onSubmit={submit} className="grid gap-4">
        <FormError error={signIn.error} />
        <Field label={t("setup.email")}>
          {(w) => (
            <Input
              {...w}
              autoFocus
              required
              type="email"
              autoComplete="username"
              value={email}
              onChange={(e) => setEmail(e.target.value)}
            />
          )}
        </Field>
        <Field label={t("setup.password")}>
          {(w) => (
            <Input
              {...w}
              required
              type="password"
              autoComplete="current-password"
              value={password}
              onChange={(e) => setPassword(e.target.value)}
            />
          )}
        </Field>
        <Button type="submit" look="primary" className="!h-9" disabled={signIn.isPending}>
          {t("signIn.do")}
        </Button>
      </form>
    </PublicFrame>
  );
}

/** Only a path of this site: "//evil.example" and full addresses lead home. */
export function safeNext(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}
