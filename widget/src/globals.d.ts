/** Of this build: a digest of everything in it. */
declare const VERSION: string;

declare module "*.css?inline" {
  const css: string;
  export default css;
}
