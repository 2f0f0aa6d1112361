/**
 * docs/errors.md: every code that Remora answers, logs or prints, from the table in api/src.
 *
 * Pure. Called by `generated-files.ts`.
 */
import type { ErrorSpec } from '@remora/api/errors.ts';

const HEAD = `# Errors

<!-- Written by \`npm run generate\` from api/src/errors.ts. Do not edit. -->

The same code stands in the header \`x-remora-error\`, in the body, in the log and in the metric.

- **Source** is whose fault it is: the caller (\`downstream\`), the called (\`upstream\`), Remora
  itself (\`remora\`), or what was configured (\`config\`).
- **Retry** says when trying again can help: \`never\`; \`unsent\`, only while nothing was sent;
  \`elsewhere\`, at another endpoint; \`always\`.

| Code | Status | Source | Retry | What to do |
|---|---|---|---|---|
`;

export function errorPage(errors: Readonly<Record<string, ErrorSpec>>): string {
  const rows = Object.entries(errors).map(([code, { status, source, retry, hint }]) => {
    return `| \`${code}\` | ${status} | ${source} | ${retry} | ${hint.replaceAll('|', '\\|')} |\n`;
  });
  return HEAD + rows.join('');
}
