import {
  agentSocket,
  algorithms,
  anything,
  choice,
  command,
  duration,
  fileNames,
  flag,
  integer,
  names,
  port,
  type Reader,
  word,
} from './values.js';

/** Keywords of which the first value wins, by their present names, with how their value is read. */
export const SETTINGS = {
  addressfamily: choice({ any: 'any', inet: 'inet', inet6: 'inet6' } as const),
  bindaddress: word,
  canonicalizehostname: choice({ true: true, yes: true, false: false, no: false, always: true }),
  ciphers: algorithms,
  connecttimeout: duration,
  globalknownhostsfile: fileNames,
  hashknownhosts: flag,
  hostkeyalgorithms: algorithms,
  hostkeyalias: word,
  hostname: word,
  identitiesonly: flag,
  identityagent: agentSocket,
  ignoreunknown: word,
  kbdinteractiveauthentication: flag,
  kexalgorithms: algorithms,
  macs: algorithms,
  numberofpasswordprompts: integer,
  passwordauthentication: flag,
  port,
  preferredauthentications: names,
  pubkeyacceptedalgorithms: algorithms,
  // the last two are about which signatures are made, not whether
  pubkeyauthentication: choice({ true: true, yes: true, false: false, no: false, unbound: true, 'host-bound': true }),
  refuseconnection: word,
  serveralivecountmax: integer,
  serveraliveinterval: duration,
  stricthostkeychecking: choice({
    true: 'yes',
    yes: 'yes',
    false: 'no',
    no: 'no',
    off: 'no',
    ask: 'ask',
    'accept-new': 'accept-new',
  } as const),
  tag: word,
  user: word,
  userknownhostsfile: fileNames,
} satisfies Record<string, Reader<unknown>>;

export type SettingName = keyof typeof SETTINGS;
export type SettingValue<K extends SettingName> = NonNullable<ReturnType<(typeof SETTINGS)[K]>>;

export function isSetting(keyword: string): keyword is SettingName {
  return Object.hasOwn(SETTINGS, keyword);
}

/** Older names, and those of distributions. */
const ALIASES: Readonly<Record<string, string>> = {
  challengeresponseauthentication: 'kbdinteractiveauthentication',
  skeyauthentication: 'kbdinteractiveauthentication',
  tisauthentication: 'kbdinteractiveauthentication',
  dsaauthentication: 'pubkeyauthentication',
  identityfile2: 'identityfile',
  pubkeyacceptedkeytypes: 'pubkeyacceptedalgorithms',
  // Debian
  protocolkeepalives: 'serveraliveinterval',
  setuptimeout: 'serveraliveinterval',
};

/** The present name of a keyword. */
export function canonicalKeyword(keyword: string): string {
  return Object.hasOwn(ALIASES, keyword) ? (ALIASES[keyword] ?? keyword) : keyword;
}

/** Keywords that mean nothing here, by how OpenSSH reads them: it refuses a bad value of theirs too. */
const OTHERS: readonly [Reader<unknown>, string][] = [
  [agentSocket, 'forwardagent'],
  [
    flag,
    'batchmode canonicalizefallbacklocal checkhostip clearallforwardings enableescapecommandline enablesshkeysign exitonforwardfailure ' +
      'forkafterauthentication forwardx11 forwardx11trusted gatewayports hostbasedauthentication keepalive nohostauthenticationforlocalhost ' +
      'permitlocalcommand proxyusefdpass stdinnull streamlocalbindunlink tcpkeepalive visualhostkey',
  ],
  [duration, 'forwardx11timeout'],
  [integer, 'canonicalizemaxdots connectionattempts requiredrsasize'],
  [
    word,
    'bindinterface controlpath kbdinteractivedevices pkcs11provider revokedhostkeys securitykeyprovider smartcarddevice xauthlocation',
  ],
  [algorithms, 'casignaturealgorithms hostbasedacceptedalgorithms hostbasedkeytypes'],
  [command, 'knownhostscommand localcommand remotecommand'],
  [
    anything,
    'addkeystoagent canonicaldomains canonicalizepermittedcnames channeltimeout compression controlmaster controlpersist dynamicforward ' +
      'escapechar fingerprinthash ipqos localforward loglevel logverbose obscurekeystroketiming permitremoteopen rekeylimit remoteforward ' +
      'requesttty sendenv sessiontype setenv streamlocalbindmask syslogfacility tunnel tunneldevice updatehostkeys verifyhostkeydns ' +
      'versionaddendum warnweakcrypto',
  ],
  // no longer supported, yet no error
  [
    anything,
    'afstokenpassing cipher compressionlevel fallbacktorsh globalknownhostsfile2 kerberosauthentication kerberostgtpassing protocol ' +
      'rhostsauthentication rhostsrsaauthentication rsaauthentication useblacklistedkeys useprivilegedport userknownhostsfile2 useroaming usersh',
  ],
  // of distributions and of macOS
  [
    anything,
    'askpassgui gssapiauthentication gssapiclientidentity gssapidelegatecredentials gssapikexalgorithms gssapikeyexchange ' +
      'gssapirenewalforcesrekey gssapiserveridentity gssapitrustdns keychainintegration usekeychain',
  ],
];

const OTHER_READERS = new Map(
  OTHERS.flatMap(([reader, keywords]) => keywords.split(' ').map(keyword => [keyword, reader] as const)),
);

/** How to read a keyword that exists but means nothing here; undefined when there is no such keyword. */
export function otherReader(keyword: string): Reader<unknown> | undefined {
  return OTHER_READERS.get(keyword);
}
