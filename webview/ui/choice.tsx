import { h } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
}

interface ChoiceProps<T extends string> {
  id: string;
  label: string;
  value: T;
  options: readonly Option<T>[];
  onChange: (value: T) => void;
}

interface ValueElement extends HTMLElement {
  value: string;
}

/** A few choices that are all seen at once. */
export function RadioGroup<T extends string>({ id, label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <div class="ui-radio">
      {h(
        'vscode-radio-group',
        {
          id,
          value,
          orientation: 'horizontal',
          'aria-label': label,
          onChange: (event: Event) => {
            const chosen = options.find(option => option.value === (event.currentTarget as ValueElement).value);
            if (chosen && chosen.value !== value) onChange(chosen.value);
          },
        },
        <span slot="label" aria-hidden="true">
          {label}
        </span>,
        options.map(option => h('vscode-radio', { key: option.value, value: option.value, name: id }, option.label)),
      )}
    </div>
  );
}

/** One of many, in a list that unfolds. */
export function Dropdown<T extends string>({ id, label, value, options, onChange }: ChoiceProps<T>) {
  const host = useRef<ValueElement>(null);
  // the element forgets a value that is set before its options are there
  useLayoutEffect(() => {
    if (host.current && host.current.value !== value) host.current.value = value;
  }, [value, options]);
  return h(
    'vscode-dropdown',
    {
      id,
      ref: host,
      class: 'ui-dropdown',
      'aria-label': label,
      onChange: (event: Event) => {
        const chosen = options.find(option => option.value === (event.currentTarget as ValueElement).value);
        if (chosen && chosen.value !== value) onChange(chosen.value);
      },
    },
    options.map(option =>
      h('vscode-option', { key: option.value, value: option.value, selected: option.value === value }, option.label),
    ),
  );
}
