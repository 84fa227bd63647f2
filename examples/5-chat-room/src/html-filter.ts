// Text that shows as it was written wherever it is put into HTML.

const entities: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
};

export function filterHtml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => entities[character] ?? character);
}
