/**
 * Shell text that lets Docker's program talk to Podman where there is no socket of Docker's: the user's own, or the machine's. One line without
 * single quote; what the user has set in `DOCKER_HOST` counts.
 */
export const OR_PODMAN =
  'run=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}; [ -n "$DOCKER_HOST" ] || [ -S /var/run/docker.sock ] || [ -S "$run/docker.sock" ] || for socket in "$run/podman/podman.sock" /run/podman/podman.sock; do if [ -S "$socket" ]; then DOCKER_HOST="unix://$socket"; export DOCKER_HOST; break; fi; done;';
