export interface Found {
  id: string;
  keys: string[];
  scope: string;
  label: string;
  place: string;
}
export function actionsOf(file: string, text: string): Found[];
export function catalogue(): Found[];
export function actions(): import("vite").Plugin;
