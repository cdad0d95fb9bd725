import type { Adoption, JobInput } from '../../shared/jobs.js';

/** What the commands about training jobs take and resolve with. */
export interface JobCommandTypes {
  /** Resolves with the id of the job, which is not started. */
  'dgxSpark.createJob': (input: JobInput) => Promise<string>;
  'dgxSpark.editJob': (jobId: string) => Promise<void>;
  'dgxSpark.startJob': (jobId: string) => Promise<void>;
  'dgxSpark.stopJob': (jobId: string) => Promise<void>;
  /** Resolves with the id of the copy. */
  'dgxSpark.duplicateJob': (jobId: string) => Promise<string>;
  /** Its folder on the machine stays. */
  'dgxSpark.deleteJob': (jobId: string) => Promise<void>;
  'dgxSpark.showJobLogs': (jobId: string) => Promise<void>;
  'dgxSpark.showJobMetrics': (jobId: string) => Promise<void>;
  /** Opens the plain log as an editor. */
  'dgxSpark.openJobLog': (jobId: string) => Promise<void>;
  /** Asks where to. */
  'dgxSpark.saveJobLog': (jobId: string) => Promise<void>;
  /** Asks where to. */
  'dgxSpark.exportJobCurves': (jobId: string) => Promise<void>;
  /** Makes a job of what was started by hand; resolves with its id. */
  'dgxSpark.adoptJob': (adoption: Adoption) => Promise<string>;
  'dgxSpark.cleanUpJobs': () => Promise<void>;
  'dgxSpark.deleteJobTemplates': () => Promise<void>;
}
