import type { ContainerRunData } from '../../shared/containers.js';

/** The arguments of `docker` that make and start a container. Each option is one argument, so no value can be taken for another option. */
export function runArguments(run: ContainerRunData): string[] {
  const { image, name, gpus, ipcHost, shmSize, ports, volumes, command } = run;
  return [
    ...['run', '--detach', '--pull=never'],
    ...(name === undefined ? [] : [`--name=${name}`]),
    // as NVIDIA's own images ask for it
    ...(gpus ? ['--gpus=all', '--ulimit=memlock=-1', '--ulimit=stack=67108864'] : []),
    ...(ipcHost ? ['--ipc=host'] : shmSize === undefined ? [] : [`--shm-size=${shmSize}`]),
    ...ports.map(({ host, container }) => `--publish=127.0.0.1:${host}:${container}`),
    ...volumes.map(({ source, target }) => `--volume=${source}:${target}`),
    // what follows is no option, whatever it looks like
    '--',
    image,
    ...command,
  ];
}
