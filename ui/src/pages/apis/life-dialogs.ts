// What changes the life of a version, loaded when it is first asked for.
export { PreviewDialog } from "./preview-dialog";
export { StateDialog } from "./state-dialog";
