import type { ReactNode } from "react";
import { failedPart } from "./failed-part";
import { useOnce } from "./menu";
import { part } from "./part";

/** The code of dialogs. */
export const dialogPart = part(() => import("./dialog-body"));

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  note?: ReactNode;
  width?: number;
  children: ReactNode;
  footer?: ReactNode;
}

/** A modal dialog in the middle. Focus moves in and comes back; Escape and a click beside it close it. */
export function Dialog(props: DialogProps) {
  const body = dialogPart.use(props.open, (why) => {
    props.onClose();
    failedPart(why);
  });
  const needed = useOnce(props.open);
  return body && needed ? <body.DialogBody {...props} /> : null;
}
