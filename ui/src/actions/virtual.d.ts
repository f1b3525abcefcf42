/** Made by scripts/actions.mjs out of the source. */
declare module "virtual:actions" {
  export const found: {
    id: string;
    keys: string[];
    scope: import("./registry").Scope;
    label: import("@/i18n").MessageKey;
    place: string;
  }[];
}
