/** One test of a suite that ran inside the extension host. */
export interface HostTestResult {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Message and stack of a failure. */
  readonly error?: string;
}
export interface HostRunner {
  readonly folder: string;
  readonly testsFile: string;
  readonly results: () => HostTestResult[];
  readonly remove: () => void;
}
export declare function makeHostRunner(): HostRunner;
