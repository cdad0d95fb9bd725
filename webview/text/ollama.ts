import { type OllamaHealth } from '../../src/shared/ollama.js';

/** How an Ollama does, in one line. */
export function healthWords(health: OllamaHealth): string {
  if (health.state === 'off') return health.problem ?? 'not connected';
  if (health.state === 'down') return health.problem ?? 'does not answer';
  const loaded = health.loaded.map(({ name }) => name).join(', ');
  return [
    `Ollama ${health.version ?? ''}`.trim(),
    ...(health.latencyMs === null ? [] : [`${Math.max(1, Math.round(health.latencyMs))} ms`]),
    loaded === '' ? 'no model loaded' : `loaded: ${loaded}`,
  ].join(' · ');
}
