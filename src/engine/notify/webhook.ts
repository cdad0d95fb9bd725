import { SparkError } from '../../shared/errors.js';
import type { WebhookFormat } from '../../shared/notify.js';
import type { Notice } from './notice.js';

const LIMIT_MS = 15_000;
/** Discord takes 2000 characters, the others more. */
const MOST_CHARACTERS = 1900;

export interface WebhookBody {
  readonly contentType: string;
  readonly body: string;
}

/**
 * The address of a webhook, checked. Its path is a secret: no error names more than the host.
 * Throws `noticeFailed`.
 */
export function readWebhookAddress(text: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text.trim());
  } catch {
    // said below
  }
  if (url && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '')
    return url;
  throw new SparkError({
    code: 'noticeFailed',
    field: 'webhook',
    message: 'This is not the address of a webhook.',
    hint: 'It begins with https:// and has no user name in it. Run "DGX Spark: Set Webhook..." again.',
  });
}

/** What is posted. Slack and Discord read one field each; ntfy shows the body as it is. */
export function webhookBody(url: URL, format: WebhookFormat, notice: Notice): WebhookBody {
  const text = [notice.title, notice.text].filter(part => part !== '').join('\n\n');
  const short = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  switch (format === 'auto' ? formatOf(url) : format) {
    case 'ntfy':
      return { contentType: 'text/plain; charset=utf-8', body: short };
    case 'slack':
      // its three control characters, so that nothing in the text becomes a link or a mention
      return asJson({ text: short.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') });
    case 'discord':
      return asJson({ content: short, allowed_mentions: { parse: [] } });
    default:
      return asJson({ source: 'dgx-spark', title: notice.title, text: notice.text, ...notice.facts });
  }
}

/** Posts once. Rejects with `noticeFailed`. */
export async function postWebhook(url: URL, { contentType, body }: WebhookBody, signal: AbortSignal): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      ...{ method: 'POST', headers: { 'Content-Type': contentType }, body, redirect: 'manual' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
    });
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } };
    const why = typeof cause?.code === 'string' ? ` (${cause.code})` : '';
    throw new SparkError({
      code: 'noticeFailed',
      field: 'webhook',
      message: `The webhook at ${url.host} could not be reached${why}.`,
      hint: 'Check your network; run "DGX Spark: Set Webhook..." where the address has changed.',
    });
  }
  await response.body?.cancel();
  if (response.ok) return;
  throw new SparkError({
    code: 'noticeFailed',
    field: 'webhook',
    message: `The webhook at ${url.host} answered ${response.status}.`,
    hint: 'Run "DGX Spark: Set Webhook..." with an address that is valid still, and check the format in the settings.',
  });
}

function formatOf({ hostname, pathname }: URL): WebhookFormat {
  if (hostname === 'hooks.slack.com') return 'slack';
  if (/^(?:.+\.)?discord(?:app)?\.com$/.test(hostname) && pathname.startsWith('/api/webhooks/')) return 'discord';
  return hostname === 'ntfy.sh' ? 'ntfy' : 'json';
}

function asJson(value: unknown): WebhookBody {
  return { contentType: 'application/json', body: JSON.stringify(value) };
}
