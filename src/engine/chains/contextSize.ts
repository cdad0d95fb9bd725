const CHARACTERS_A_TOKEN = 4;
/** Chinese, Japanese and Korean have about a token a character. */
const DENSE = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]/gu;

/** About how many tokens a text is. Only the model's own tokenizer knows, which Ollama does not offer. */
export function estimateTokens(text: string): number {
  const dense = text.match(DENSE)?.length ?? 0;
  return dense + Math.ceil((text.length - dense) / CHARACTERS_A_TOKEN);
}
