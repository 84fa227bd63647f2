// Escapes text, so that it is shown as it was written when it is inserted into HTML.

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
