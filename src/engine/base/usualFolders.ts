/** Where programs may be when the PATH of a non-interactive login does not say so. */
export const USUAL_FOLDERS =
  '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/snap/bin:/usr/local/nvidia/bin:/usr/lib/wsl/lib';
