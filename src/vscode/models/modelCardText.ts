import type { ModelCard } from '../../shared/ollama.js';
import { tokensText } from './modelWords.js';

const MOST_LICENSE_LINES = 60;

/** What Ollama knows of a model, to be read. */
export function modelCardText(card: ModelCard): string {
  const facts: [string, string | null][] = [
    ['Family', card.family],
    ['Parameters', card.parameters],
    ['Quantisation', card.quantization],
    [
      'Context',
      card.contextLength === null ? null : `${tokensText(card.contextLength)} tokens (${card.contextLength})`,
    ],
    ['Can do', card.capabilities.length === 0 ? null : card.capabilities.join(', ')],
  ];
  const texts: [string, string | null][] = [
    ['Settings', card.settings],
    ['System prompt', card.system],
    ['Template', card.template],
    ['License', card.license === null ? null : shortened(card.license)],
  ];
  const width = Math.max(...facts.map(([heading]) => heading.length)) + 2;
  return [
    card.name,
    '='.repeat(card.name.length),
    '',
    ...facts.map(([heading, text]) => `${heading.padEnd(width)}${text ?? 'n/a'}`),
    ...texts.flatMap(([heading, text]) =>
      text === null ? [] : ['', heading, '-'.repeat(heading.length), text.trim()],
    ),
    '',
  ].join('\n');
}

function shortened(text: string): string {
  const lines = text.split('\n');
  if (lines.length <= MOST_LICENSE_LINES) return text;
  return [...lines.slice(0, MOST_LICENSE_LINES), `... (${lines.length - MOST_LICENSE_LINES} more lines)`].join('\n');
}
