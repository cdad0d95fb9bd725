/*
 * When it is loaded, the toolkit's foundation asks whether the browser knows `:focus-visible` by adding an inline style
 * element. The page's policy forbids those; the question would fail, be logged as a violation, and every click would
 * draw a focus ring. While it is loaded it is therefore given an element that carries a constructed style sheet. This
 * module must be imported before the toolkit.
 */
type Create = (this: Document, name: string, options?: ElementCreationOptions) => HTMLElement;

const create: Create = Reflect.get(document, 'createElement');
const probing: Create = (name, options) =>
  name === 'style'
    ? Object.defineProperty(create.call(document, 'template'), 'sheet', { value: new CSSStyleSheet() })
    : create.call(document, name, options);
Reflect.set(document, 'createElement', probing);

/** Gives the document its own way of making elements back. */
export function endFocusProbe(): void {
  Reflect.deleteProperty(document, 'createElement');
}
