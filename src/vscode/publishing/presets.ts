import * as v from 'valibot';

const formSchema = v.picklist(['url', 'hostAndPort', 'host', 'port']);

const placeSchema = v.strictObject({
  /** Full key of another extension's setting. Our own are not for that, nor what decides which programs the editor runs. */
  setting: v.pipe(
    v.string(),
    v.regex(/^[A-Za-z][\w-]*(?:\.[\w-]+)+$/),
    v.check(key => !/^(dgxSpark|terminal|security|update|extensions|http|remote)\./.test(key)),
  ),
  form: formSchema,
  /** Put behind a URL. */
  path: v.optional(v.pipe(v.string(), v.regex(/^(\/[\w./-]*)?$/)), ''),
});
/** A setting that follows the endpoint, and the form in which it wants it. */
export type Place = v.InferOutput<typeof placeSchema>;

const url = (setting: string, path = ''): Place => ({ setting, form: 'url', path });

/** Where extensions that use Ollama read its address from, by their own manifests. */
export const PRESETS = {
  ollama: { label: 'Ollama', places: [url('ollama.endpoint')] },
  copilotChat: { label: 'GitHub Copilot Chat', places: [url('github.copilot.chat.byok.ollamaEndpoint')] },
  llamaCoder: { label: 'Llama Coder', places: [url('inference.endpoint')] },
  twinny: {
    label: 'Twinny',
    places: [
      { setting: 'twinny.ollamaHostname', form: 'host', path: '' },
      { setting: 'twinny.ollamaApiPort', form: 'port', path: '' },
    ],
  },
  ollamaAutocoder: { label: 'Ollama Autocoder', places: [url('ollama-autocoder.endpoint', '/api/generate')] },
  cody: { label: 'Cody', places: [url('cody.autocomplete.advanced.serverEndpoint')] },
  llamaVscode: {
    label: 'llama.vscode',
    places: ['endpoint', 'endpoint_chat', 'endpoint_tools', 'endpoint_embeddings'].map(key =>
      url(`llama-vscode.${key}`),
    ),
  },
} as const satisfies Record<string, { label: string; places: readonly Place[] }>;
export type PresetName = keyof typeof PRESETS;

/** The places that the user's setting names; what makes no sense is left out and told. */
export function placesOf(setting: unknown): { places: Place[]; wrong: string[] } {
  const places = new Map<string, Place>();
  const wrong: string[] = [];
  for (const item of Array.isArray(setting) ? setting : []) {
    if (typeof item === 'string' && Object.hasOwn(PRESETS, item)) {
      for (const place of PRESETS[item as PresetName].places) places.set(place.setting, place);
      continue;
    }
    const checked = v.safeParse(placeSchema, item);
    if (checked.success) places.set(checked.output.setting, checked.output);
    else wrong.push(JSON.stringify(item).slice(0, 100));
  }
  return { places: [...places.values()], wrong };
}

/** The endpoint as a place wants it. @param sample its default, whose type is kept */
export function valueFor({ form, path }: Place, endpoint: string, sample: unknown): string | number {
  const { hostname, port } = new URL(endpoint);
  switch (form) {
    case 'url':
      return `${endpoint}${path}`;
    case 'hostAndPort':
      return `${hostname}:${port}`;
    case 'host':
      return hostname;
    case 'port':
      return typeof sample === 'number' ? Number(port) : port;
  }
}
