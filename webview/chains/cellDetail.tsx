import { X } from 'lucide-preact';
import type { Attempt, CellDetail as Detail } from '../../src/shared/chains.js';
import { IconButton } from '../ui/button.js';
import { CELL_WORDS, inputWords } from './words.js';

/** Everything about one answer: its whole text, what was checked, and what was really sent. */
export function CellDetail({ detail, onClose }: { readonly detail: Detail; readonly onClose: () => void }) {
  const { row, step, input, state, reason, output, attempts, model, url } = detail;
  return (
    <section class="card chains-detail" aria-label={`Step ${step} of row ${row + 1}`}>
      <div class="section-head">
        <h2>
          {step}, row {row + 1}: {CELL_WORDS[state]}
        </h2>
        <IconButton icon={X} label="Close" onClick={onClose} />
      </div>
      <p class="secondary">
        {model} at {url}
      </p>
      {reason !== null && <p>{reason}</p>}
      <h3>Answer</h3>
      <pre>{output === '' ? 'Nothing yet.' : output}</pre>
      <h3>Input</h3>
      <pre>{inputWords(input)}</pre>
      {attempts.map((attempt, index) => (
        <Tried key={index} attempt={attempt} number={index + 1} isLast={index === attempts.length - 1} />
      ))}
    </section>
  );
}

function Tried({ attempt, number, isLast }: { attempt: Attempt; number: number; isLast: boolean }) {
  const { messages, output, checks, promptTokens, tokens } = attempt;
  return (
    <details open={isLast}>
      <summary>
        Prompt that was sent{number > 1 || !isLast ? `, attempt ${number}` : ''} ({promptTokens} + {tokens} tokens)
      </summary>
      {messages.map(({ role, content }, index) => (
        <div key={index}>
          <h3 class="secondary">{role}</h3>
          <pre>{content}</pre>
        </div>
      ))}
      {!isLast && (
        <div>
          <h3 class="secondary">answer</h3>
          <pre>{output}</pre>
        </div>
      )}
      {checks.length > 0 && (
        <ul>
          {checks.map(({ check, passed, detail }, index) => (
            <li key={index}>
              {passed ? 'Passed' : 'Failed'}: {check}
              {detail !== '' && <span class="secondary"> ({detail})</span>}
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}
