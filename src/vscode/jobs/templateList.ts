import * as v from 'valibot';
import { jobTemplateSchema, type JobTemplate } from '../../shared/jobs.js';

/** The templates of the setting, by name; what somebody has edited into something else is left out. */
export function templatesOf(setting: Readonly<Record<string, unknown>>): JobTemplate[] {
  return Object.entries(setting)
    .flatMap(([name, config]) => {
      const checked = v.safeParse(jobTemplateSchema, { name, config });
      return checked.success ? [checked.output] : [];
    })
    .sort((one, other) => one.name.localeCompare(other.name));
}
