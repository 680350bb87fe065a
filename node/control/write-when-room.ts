import type { ServerResponse } from 'node:http';

/** Writes and resolves when there is room for more; at once where the client is gone. */
export function writeWhenRoom(response: ServerResponse, text: string): Promise<void> | undefined {
  if (response.destroyed || response.write(text)) return undefined;
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.on('drain', go);
    response.on('close', go);
  });
}
