import type {
  Fit,
  InstalledModel,
  LoadedModel,
  MemoryState,
  MemoryNeeds,
  OllamaHealth,
  Pull,
} from '../../shared/ollama.js';

const GB = 1024 ** 3;
const MB = 1024 ** 2;
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** "4.6 GB", "340 MB", "12 KB", by powers of 1024 as everywhere in the product. */
export function bytesText(bytes: number): string {
  if (bytes >= 100 * GB) return `${Math.round(bytes / GB)} GB`;
  if (bytes >= GB) return `${(bytes / GB).toFixed(1)} GB`;
  return bytes >= MB ? `${Math.round(bytes / MB)} MB` : `${Math.ceil(bytes / 1024)} KB`;
}

/** "128k": contexts are powers of two, or nearly. */
export function tokensText(tokens: number): string {
  return tokens >= 1024 ? `${Math.round(tokens / 1024)}k` : String(tokens);
}

/** "in 4 min", "in 2 h"; null is never. */
export function expiresText(expiresAt: number | null, now: number): string {
  if (expiresAt === null) return 'stays loaded';
  const minutes = Math.ceil((expiresAt - now) / 60_000);
  if (minutes <= 0) return 'unloads now';
  return minutes < 120 ? `unloads in ${minutes} min` : `unloads in ${Math.round(minutes / 60)} h`;
}

/** What is said of a model that is not loaded; undefined where there is nothing to warn of. */
export const FIT_WORDS: Readonly<Record<Fit, string | undefined>> = {
  loaded: undefined,
  yes: undefined,
  unknown: undefined,
  afterUnloading: 'fits once others are unloaded',
  no: 'does not fit in memory',
};

/** What a model is, in a few words. */
export function modelFacts(model: InstalledModel): string[] {
  return [
    bytesText(model.bytes),
    ...(model.parameters === null ? [] : [`${model.parameters} parameters`]),
    ...(model.quantization === null ? [] : [model.quantization]),
    ...(model.contextLength === null ? [] : [`${tokensText(model.contextLength)} context`]),
  ];
}

export function loadedFacts(loaded: LoadedModel, now: number): string[] {
  return ['loaded', bytesText(loaded.bytes), expiresText(loaded.expiresAt, now)];
}

/** Everything that is known of a model, as pairs of a heading and a text. */
export function modelDetails(
  model: InstalledModel,
  loaded: LoadedModel | undefined,
  now: number,
): [heading: string, text: string][] {
  const fit = FIT_WORDS[model.fit];
  return [
    ['Size', bytesText(model.bytes)],
    ['Parameters', model.parameters ?? 'n/a'],
    ['Quantisation', model.quantization ?? 'n/a'],
    ['Context', model.contextLength === null ? 'n/a' : `${tokensText(model.contextLength)} tokens at most`],
    ...(model.capabilities.length > 0 ? [['Can do', model.capabilities.join(', ')] as [string, string]] : []),
    ...(model.changedAt === null ? [] : [['Changed', DAY.format(model.changedAt)] as [string, string]]),
    loaded
      ? [
          'In memory',
          `${bytesText(loaded.bytes)}${loaded.contextLength === null ? '' : ` with a context of ${tokensText(loaded.contextLength)}`}, ${expiresText(loaded.expiresAt, now)}`,
        ]
      : ['Needs', `${needsText(model.needs)}${fit === undefined ? '' : `: ${fit}`}`],
  ];
}

/** "9.4 GB with a context of 32k". */
export function needsText({ totalBytes, contextTokens }: MemoryNeeds): string {
  return `${bytesText(totalBytes)}${contextTokens === null ? '' : ` with a context of ${tokensText(contextTokens)}`}`;
}

/** "71 of 120 GB available in the unified memory". */
export function roomText({ pool, totalBytes, availableBytes }: MemoryState): string {
  if (availableBytes === null) return 'how much is available is not known';
  const where = { unified: 'unified memory', dedicated: 'GPU memory', unknown: 'memory' }[pool];
  const total = totalBytes === null ? '' : ` of ${bytesText(totalBytes)}`;
  return `${bytesText(availableBytes)}${total} available in the ${where}`;
}

/** "pulling 8eeb52dfb3bb · 42% of 4.6 GB". */
export function pullText({ status, completedBytes, totalBytes }: Pull): string {
  if (completedBytes === null || totalBytes === null || totalBytes === 0) return status;
  return `${percent(completedBytes, totalBytes)}% of ${bytesText(totalBytes)} · ${status}`;
}

/** Whole, and 100 only when everything is there. */
export function percent(completed: number, total: number): number {
  return Math.min(100, Math.floor((100 * completed) / total));
}

/** How an Ollama does, in one line. */
export function healthText(health: OllamaHealth): string {
  switch (health.state) {
    case 'up':
      return [
        `Ollama ${health.version ?? ''}`.trim(),
        ...(health.latencyMs === null ? [] : [`${Math.max(1, Math.round(health.latencyMs))} ms`]),
        health.loaded.length === 0 ? 'no model loaded' : `loaded: ${health.loaded.map(({ name }) => name).join(', ')}`,
      ].join(' · ');
    case 'down':
      return `does not answer: ${health.problem ?? 'nobody knows why'}`;
    case 'off':
      return health.problem ?? 'not connected';
  }
}
