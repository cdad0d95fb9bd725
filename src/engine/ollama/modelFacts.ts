import type { InstalledModel, LoadedModel, ModelCard } from '../../shared/ollama.js';
import { printable } from '../base/remoteText.js';
import type { Show, Tag } from './answers.js';
import { contextFor, fitOf, type ModelShape, needsOf, shapeOf, USUAL_CONTEXT } from './memoryNeeds.js';
import type { Pool } from './pool.js';

const MAX_CARD_TEXT = 64 * 1024;

/** What does not change about a model as long as its digest is the same. */
export interface ModelFacts {
  readonly shape: ModelShape;
  readonly capabilities: readonly string[];
}

export const NO_FACTS: ModelFacts = { shape: { contextLength: null, bytesPerToken: null }, capabilities: [] };

export function factsOf(show: Show): ModelFacts {
  return {
    shape: shapeOf(show.model_info),
    capabilities: show.capabilities.slice(0, 20).map(name => printable(name, 40)),
  };
}

/** An installed model with what it needs against what there is. */
export function installedModel(
  tag: Tag,
  { shape, capabilities }: ModelFacts,
  room: { readonly pool: Pool; readonly loaded: readonly LoadedModel[] },
): InstalledModel {
  const loaded = room.loaded.find(({ name }) => name === tag.name);
  const context = hasContext(capabilities) ? contextFor(USUAL_CONTEXT, shape.contextLength, loaded) : null;
  const needs = needsOf(tag.size, shape, context);
  const changed = tag.modified_at === undefined ? Number.NaN : Date.parse(tag.modified_at);
  return {
    name: tag.name,
    digest: printable(tag.digest, 100),
    bytes: tag.size,
    parameters: orNull(tag.details?.parameter_size),
    quantization: orNull(tag.details?.quantization_level),
    family: orNull(tag.details?.family),
    contextLength: shape.contextLength,
    capabilities: [...capabilities],
    changedAt: Number.isNaN(changed) ? null : changed,
    needs,
    fit: fitOf(needs, {
      availableBytes: room.pool.availableBytes,
      loaded: room.loaded,
      isLoaded: loaded !== undefined,
    }),
  };
}

/** A model that only embeds takes no conversation. One that says nothing of itself is an old completion model. */
export function hasContext(capabilities: readonly string[]): boolean {
  return capabilities.length === 0 || capabilities.includes('completion');
}

/** What Ollama knows of a model, in texts of a sensible length. */
export function modelCard(name: string, show: Show): ModelCard {
  const { shape, capabilities } = factsOf(show);
  return {
    name,
    family: orNull(show.details?.family),
    parameters: orNull(show.details?.parameter_size),
    quantization: orNull(show.details?.quantization_level),
    contextLength: shape.contextLength,
    capabilities: [...capabilities],
    settings: passage(show.parameters),
    system: passage(show.system),
    template: passage(show.template),
    license: passage(show.license),
  };
}

function orNull(text: string | undefined): string | null {
  const shown = printable(text ?? '', 60);
  return shown === '' ? null : shown;
}

/** A text of several lines, without what could move the cursor or turn the direction of writing. */
function passage(text: string | undefined): string | null {
  const shown = (text ?? '')
    .slice(0, MAX_CARD_TEXT)
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]|\p{Cf}/gu, '')
    .trim();
  return shown === '' ? null : shown;
}
