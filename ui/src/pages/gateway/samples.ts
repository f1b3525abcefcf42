/** A document to begin with: everything under one API to one backend. */
export const sampleDocument = `gateway: 1
upstreams:
  - name: orders
    targets:
      - url: http://127.0.0.1:9000
apis:
  - name: orders
    version: v1
    upstream: orders
    routes:
      - name: all
        prefix: /
`;

export const applySnippet = (origin: string): string =>
  `hypercare apply -f gateway.yaml \\\n  --url ${origin} \\\n  --token $HYPERCARE_TOKEN`;

/** A call to copy: of what is published when something is, else of the sample. */
export const callSnippet = (
  gateway: string,
  path: string,
  more: { key?: string; host?: string; preview?: string } = {},
): string =>
  [
    `curl ${gateway}${path}`,
    ...(more.host ? [`  -H "Host: ${more.host.replace("*", "www")}"`] : []),
    ...(more.preview ? [`  -H "X-Preview-Key: ${more.preview}"`] : []),
    ...(more.key ? [`  -H "X-API-Key: ${more.key}"`] : []),
  ].join(" \\\n");

/** A path that a route answers: its parameters filled in. */
export const examplePath = (path: string): string => path.replace(/\{(\w+)\}/g, "1");
