import { h } from 'preact';
import { type ConnectionState } from '../../src/shared/connection.js';

/** A small label for a fact about a thing ("unified"). The toolkit's own needs a style attribute, which the policy forbids. */
export function Tag({ children, title }: { children: string; title?: string }) {
  return (
    <span class="ui-tag" title={title}>
      {children}
    </span>
  );
}

/** The dot and the word of a state; the dot breathes while something is being done. */
export function Status({ state, word }: { state: ConnectionState; word: string }) {
  return (
    <span class="ui-status" data-state={state}>
      <span class="ui-status__dot" aria-hidden="true" />
      <span class="ui-status__word">{word}</span>
    </span>
  );
}

/** Something is being done and nobody knows how long it takes; the words beside it say what. */
export function ProgressRing() {
  return h('vscode-progress-ring', { class: 'ui-ring', 'aria-hidden': 'true' });
}
