// The catalogue of actions: every {id, keys, scope, label} written down in the source, found by reading it.
// Settings can so list the keys of pages that are not open, and a test can hold that no two of one page
// collide, without a second list that somebody has to keep. Served as the module "virtual:actions".
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const src = fileURLToPath(new URL("../src/", import.meta.url));
const name = "virtual:actions";

/**
 * Keeps what a literal says: a text, or a list of texts; undefined for what only runs can tell. Names are
 * looked up among the constants of the file; of two cases the usual one stands second.
 */
function literal(node, named = new Map()) {
  if (!node) return undefined;
  if (ts.isAsExpression(node) || ts.isParenthesizedExpression(node)) return literal(node.expression, named);
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isIdentifier(node)) return named.get(node.text);
  if (ts.isConditionalExpression(node)) return literal(node.whenFalse, named);
  if (ts.isArrayLiteralExpression(node)) {
    const list = node.elements.map((e) => literal(e, named));
    return list.every((x) => typeof x === "string") ? list : undefined;
  }
  return undefined;
}

/** The constants of a file that are literals. */
function constantsOf(tree) {
  const named = new Map();
  const visit = (node) => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) {
      const value = literal(node.initializer);
      if (value !== undefined) named.set(node.name.text, value);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return named;
}

/** The message of a label: of several the one that needs no values, since there are none to fill in. */
function messageOf(node) {
  if (node && ts.isConditionalExpression(node)) return messageOf(node.whenFalse) ?? messageOf(node.whenTrue);
  const calls = [];
  const visit = (n) => {
    if (ts.isCallExpression(n) && n.expression.getText() === "t") calls.push(n);
    ts.forEachChild(n, visit);
  };
  if (node) visit(node);
  const plain = calls.find((c) => c.arguments.length === 1) ?? calls[0];
  return plain && literal(plain.arguments[0]);
}

/** Pages keep their actions apart; what stands elsewhere works everywhere. */
const placeOf = (file) => /^pages\/([^/]+)\//.exec(file)?.[1] ?? "";

export function actionsOf(file, text) {
  const found = [];
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const named = constantsOf(tree);
  const visit = (node) => {
    if (ts.isObjectLiteralExpression(node)) {
      const props = new Map(
        node.properties
          .filter((p) => ts.isPropertyAssignment(p) || ts.isShorthandPropertyAssignment(p))
          .map((p) => [p.name.getText(), p.initializer ?? p.name]),
      );
      const [id, keys, scope] = ["id", "keys", "scope"].map((k) => literal(props.get(k), named));
      const label = messageOf(props.get("label"));
      if (typeof id === "string" && Array.isArray(keys) && typeof scope === "string" && label)
        found.push({ id, keys, scope, label, place: placeOf(file) });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

export function catalogue() {
  return readdirSync(src, { recursive: true })
    .filter((f) => /\.tsx?$/.test(f) && !/\.test\.|\.gen\./.test(f))
    .sort()
    .flatMap((f) => {
      const text = readFileSync(join(src, f), "utf8");
      return text.includes("keys: [") ? actionsOf(f, text) : [];
    });
}

/** The Vite plugin. */
export function actions() {
  return {
    name: "hypercare-actions",
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load: (id) => (id === `\0${name}` ? `export const found = ${JSON.stringify(catalogue())};` : undefined),
  };
}
