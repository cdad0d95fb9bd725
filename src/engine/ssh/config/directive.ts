import { type Environment } from './expansion.js';
import { parseProxyJump } from './jump.js';
import { canonicalKeyword, isSetting, otherReader, SETTINGS, type SettingName, type SettingValue } from './keywords.js';
import type { ConfigLine } from './lexer.js';
import { matchesPatternList } from '../patterns.js';
import { ConfigFault, type Place, quoted } from './problem.js';
import type { Settings } from './settings.js';
import { Arguments, command, type Reader, word } from './values.js';

/**
 * Reads one line that sets something, and sets it where the line applies. Throws {@link ConfigFault} for what OpenSSH refuses, which it does
 * also where the line does not apply.
 */
export function applyDirective(
  line: ConfigLine,
  place: Place,
  applies: boolean,
  settings: Settings,
  environment: Environment,
): void {
  const keyword = canonicalKeyword(line.keyword);
  const args = new Arguments(wordsOf(line), line.rest, environment);
  if (isSetting(keyword)) readSetting(keyword, args, place, applies, settings);
  else if (keyword === 'proxycommand') {
    const value = command(args);
    if (applies) settings.offerProxyCommand(value.toLowerCase() === 'none' ? undefined : value, place);
  } else if (keyword === 'proxyjump') {
    const hops = parseProxyJump(command(args));
    if (applies) settings.offerProxyJump(hops, place);
  } else if (keyword === 'identityfile') {
    const value = word(args);
    if (applies) settings.addIdentityFile(value, place);
  } else if (keyword === 'certificatefile') {
    const value = word(args);
    if (applies) settings.addCertificateFile(value, place);
  } else passOver(line, args, settings);
  args.end();
}

/** The words of a line, which must have some and close its quotes. */
export function wordsOf(line: ConfigLine): readonly string[] {
  if (line.rest === '') throw new ConfigFault(`The keyword ${quoted(line.keyword)} has no value.`);
  if (line.words === undefined)
    throw new ConfigFault(
      'A quote is not closed.',
      'Close the quote, or write \\" or \\\' for one that is part of the value.',
    );
  return line.words;
}

function readSetting(name: SettingName, args: Arguments, place: Place, applies: boolean, settings: Settings): void {
  const read: Reader<SettingValue<SettingName> | undefined> = SETTINGS[name];
  const value = read(args);
  if (applies && value !== undefined) settings.offer(name, value, place);
}

function passOver(line: ConfigLine, args: Arguments, settings: Settings): void {
  const read = otherReader(line.keyword);
  if (read !== undefined) read(args);
  else {
    const ignored = settings.get('ignoreunknown');
    if (ignored === undefined || !matchesPatternList(ignored.value.toLowerCase(), line.keyword))
      throw new ConfigFault(
        `The keyword ${quoted(line.keyword)} is unknown.`,
        line.keyword.startsWith('\ufeff')
          ? 'The file begins with a byte order mark, which OpenSSH does not take: save it as UTF-8 without one.'
          : 'Correct or delete the line, or put "IgnoreUnknown" with the keyword above it.',
      );
    args.skip();
  }
}
