/**
 * Runs `work`, which makes style elements of text, as xterm does. The page's policy lets no such text have an effect;
 * a style sheet that a script of ours makes is not one: each element's text goes there. Returns what takes the sheets
 * away again.
 */
export function withSheets(work: () => void): () => void {
  const sheets: CSSStyleSheet[] = [];
  const create = document.createElement.bind(document);
  const sheeted = (name: string, options?: ElementCreationOptions): HTMLElement => {
    if (name !== 'style') return create(name, options);
    // An element of style is against the policy even where it is empty.
    const element = create('template');
    const sheet = new CSSStyleSheet();
    sheets.push(sheet);
    document.adoptedStyleSheets.push(sheet);
    Object.defineProperty(element, 'textContent', {
      set: (text: string) => {
        sheet.replaceSync(text);
      },
    });
    return element;
  };
  document.createElement = sheeted;
  try {
    work();
  } finally {
    Reflect.deleteProperty(document, 'createElement');
  }
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => !sheets.includes(one));
  };
}
