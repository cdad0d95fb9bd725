/** How names of a folder are compared, and which are none. */
export interface NameRules {
  /** Names with the same key are one file. */
  key(name: string): string;
  /** Why a name cannot be used, in words that follow it; undefined where it can. */
  problem(name: string): string | undefined;
}

/** Reserved on Windows, whatever follows behind a dot. */
const DEVICES = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** The rules of a Spark: any bytes but `/` and NUL, and every byte counts. */
export const REMOTE_NAMES: NameRules = {
  key: name => name,
  problem: name => (name.includes('\uFFFD') ? 'is not valid Unicode' : undefined),
};

/** The rules of this computer. File systems of macOS and Windows take two names that differ in case, or in how an accent is written, for one. */
export function localNames(platform: NodeJS.Platform = process.platform): NameRules {
  const folds = platform === 'win32' || platform === 'darwin';
  return {
    key: name => (folds ? name.normalize('NFC').toLowerCase() : name),
    problem(name) {
      if (platform !== 'win32') return undefined;
      // eslint-disable-next-line no-control-regex -- Windows forbids them
      if (/[<>:"/\\|?*\u0000-\u001f]/.test(name)) return 'has characters that Windows does not allow in names';
      if (/[. ]$/.test(name)) return 'ends in a dot or a space, which Windows drops';
      return DEVICES.test(name) ? 'is the name of a device on Windows' : undefined;
    },
  };
}

/** A name like this one that is free: `data (1).csv`, `folder (2)`. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  // a dot at the beginning begins no ending; `.tar.gz` is one
  const [, stem = name, ending = ''] = /^(.+?)((?:\.tar)?\.[^./]{1,10})$/.exec(name) ?? [];
  for (let number = 1; ; number++) {
    const suffix = ` (${number})${ending}`;
    const candidate = `${shortened(stem, 255 - Buffer.byteLength(suffix))}${suffix}`;
    if (!isTaken(candidate)) return candidate;
  }
}

/** The beginning of a text that has at most so many bytes, without a character cut in two. */
function shortened(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let kept = '';
  let size = 0;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    kept += character;
  }
  return kept;
}
