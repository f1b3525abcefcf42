/** Commands to copy. The token stands as $HYPERCARE_TOKEN until one was made. */
const shown = (token: string) => token || "$HYPERCARE_TOKEN";

export function curlSnippet(origin: string, launch: string, token: string): string {
  return [
    `curl ${origin}/api/v1/launches/${launch}/feedback \\`,
    `  -H "Authorization: Bearer ${shown(token)}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '{"text": "The pay button spins for ever", "author": {"email": "priya@example.com"}}'`,
  ].join("\n");
}

export function cliSnippet(origin: string, launch: string, token: string): string {
  return `hypercare import reviews.csv --launch ${launch} \\\n  --url ${origin} --token ${shown(token)}`;
}
