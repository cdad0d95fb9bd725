import { CircleAlert } from 'lucide-preact';
import { h, type ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.js';

export interface TextFieldProps {
  id: string;
  label: string;
  value: string;
  /** What is wrong with the value; takes the place of `help`. */
  error?: string | undefined;
  help?: string;
  /** The value is a path, a host or another word of machines. */
  code?: boolean;
  inputMode?: 'numeric';
  /** Lines that are seen of a text of several; one line where it is left out. */
  lines?: number;
  onInput: (value: string) => void;
  onBlur?: () => void;
  /** Stands beside the field, in its row. */
  children?: ComponentChildren;
}

/** A labelled field with one line below it that is kept free for help or for what is wrong. */
export function TextField(props: TextFieldProps) {
  const { id, label, value, error, help, code, inputMode, lines, onInput, onBlur, children } = props;
  const host = useRef<HTMLElement>(null);
  const note = useRef<HTMLDivElement>(null);

  // The input stands in the toolkit's shadow tree, where an id of the page means nothing: it is tied by reference
  // where the browser can (Chromium 135), else told the words.
  useLayoutEffect(() => {
    const control = host.current?.shadowRoot?.querySelector<HTMLElement>('input, textarea');
    if (!control) return;
    control.setAttribute('aria-invalid', String(error !== undefined));
    if (inputMode) control.inputMode = inputMode;
    if ('ariaDescribedByElements' in control) control.ariaDescribedByElements = note.current ? [note.current] : [];
    else (control as Element).setAttribute('aria-description', error ?? help ?? '');
  }, [error, help, inputMode]);

  return (
    <div class={error === undefined ? 'ui-field' : 'ui-field ui-field--invalid'}>
      <div class="ui-field__row">
        {h(
          lines === undefined ? 'vscode-text-field' : 'vscode-text-area',
          {
            id,
            ...(lines === undefined ? {} : { rows: lines, resize: 'vertical' }),
            ref: host,
            class: code ? 'ui-field__input ui-field__input--code' : 'ui-field__input',
            value,
            spellcheck: false,
            onInput: (event: Event) => onInput((event.currentTarget as HTMLInputElement).value),
            onBlur,
          },
          label,
        )}
        {children}
      </div>
      <div ref={note} id={`${id}-note`} class="ui-field__note">
        {error === undefined ? (
          help
        ) : (
          <>
            <Icon of={CircleAlert} size={12} />
            <span>{error}</span>
          </>
        )}
      </div>
    </div>
  );
}
