import * as v from 'valibot';
import { connectionIdSchema, errorInfoSchema, hostnameSchema, portSchema } from './connection.js';

/** The machine's own loopback address: where nearly everything on it listens. */
export const REMOTE_LOOPBACK = '127.0.0.1';

const labelSchema = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(80, 'A label has at most 80 characters.'),
  v.regex(/^[^\p{Cc}\p{Cf}]*$/u, 'A label cannot contain control characters.'),
);

/** A port of the machine, or of one that it reaches, that is brought to this computer. */
export const forwardInputSchema = v.strictObject({
  remotePort: portSchema,
  /** The wished port on this computer; another one is taken where it is not free. Left out: the same number. */
  localPort: v.optional(portSchema),
  remoteHost: v.optional(hostnameSchema, REMOTE_LOOPBACK),
  label: v.optional(labelSchema),
});
export type ForwardInput = v.InferInput<typeof forwardInputSchema>;
export type ForwardData = v.InferOutput<typeof forwardInputSchema>;

/** Says which forward of a connection is meant. */
export const forwardKeySchema = v.object({
  remotePort: portSchema,
  remoteHost: v.optional(hostnameSchema, REMOTE_LOOPBACK),
});

export const forwardSchema = v.object({
  id: v.string(),
  connectionId: connectionIdSchema,
  remoteHost: v.string(),
  remotePort: v.number(),
  /** The wished local port; null for the same as the remote one. */
  localPort: v.nullable(v.number()),
  label: v.string(),
});
/** A saved forward: it is open whenever its connection is. */
export type Forward = v.InferOutput<typeof forwardSchema>;

export const forwardStatusSchema = v.variant('state', [
  v.object({ state: v.literal('closed') }),
  v.object({ state: v.literal('open'), localPort: v.number() }),
  v.object({ state: v.literal('error'), error: errorInfoSchema }),
]);
export type ForwardStatus = v.InferOutput<typeof forwardStatusSchema>;

export const forwardViewSchema = v.object({ ...forwardSchema.entries, status: forwardStatusSchema });
export type ForwardView = v.InferOutput<typeof forwardViewSchema>;

export const forwardTrafficSchema = v.object({
  id: v.string(),
  openSockets: v.number(),
  bytesUp: v.number(),
  bytesDown: v.number(),
});
/** What an open forward has carried. */
export type ForwardTraffic = v.InferOutput<typeof forwardTrafficSchema>;

export const forwardOfferSchema = v.object({
  remoteHost: v.string(),
  remotePort: v.number(),
  /** What is known to be there, else "Port 8501". */
  label: v.string(),
  /** It is one of {@link SERVICES}, or named by the machine itself. */
  known: v.boolean(),
  /** Something accepts connections there now. */
  listening: v.boolean(),
});
/** A port that may be worth a forward. */
export type ForwardOffer = v.InferOutput<typeof forwardOfferSchema>;

export const DASHBOARD_PORT = 11000;

/** What usually listens on a Spark, by NVIDIA's playbooks. Its per-user JupyterLab has a port of its own for each user. */
export const SERVICES: readonly { readonly port: number; readonly label: string }[] = [
  { port: DASHBOARD_PORT, label: 'DGX Dashboard' },
  { port: 12000, label: 'Open WebUI' },
  { port: 8080, label: 'Open WebUI' },
  { port: 8188, label: 'ComfyUI' },
  { port: 8000, label: 'vLLM or NIM' },
  { port: 30000, label: 'SGLang or llama.cpp' },
  { port: 8355, label: 'TensorRT-LLM' },
  { port: 8888, label: 'Jupyter' },
  { port: 6006, label: 'TensorBoard' },
  { port: 8265, label: 'Ray Dashboard' },
  { port: 1234, label: 'LM Studio' },
  { port: 8090, label: 'Live VLM WebUI' },
  { port: 3000, label: 'Chatbot' },
  { port: 3001, label: 'Text to Knowledge Graph' },
  { port: 7777, label: 'Video Search and Summarization' },
  { port: 18789, label: 'OpenClaw' },
];

/** What a forward is called where the user named none. */
export function serviceLabel(remotePort: number): string {
  return SERVICES.find(({ port }) => port === remotePort)?.label ?? `Port ${remotePort}`;
}
