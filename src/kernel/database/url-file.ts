import { readFileSync } from 'node:fs';

/** Files by the URL that they held at the start. */
const followed = new Map<string, UrlFile>();

/**
 * A file that holds the database's URL and is replaced while we run: when its credentials are rotated,
 * new connections are made with the new ones, and those with the old ones end within their life.
 */
export class UrlFile {
  constructor(
    private readonly file: string,
    private last: string,
    /** Of a connection, in seconds: as long as the old credentials must stay good. */
    readonly lifeSeconds: number,
  ) {}

  /** The URL of now; the last good one while the file cannot be read or holds none. */
  read(): string {
    try {
      const url = readFileSync(this.file, 'utf8').trim();
      if (/^postgres(ql)?:\/\/\S+$/.test(url)) this.last = url;
    } catch {
      // Whoever replaces it must not end us in the moment in which it is away.
    }
    return this.last;
  }
}

/** Says that a URL came from a file: whoever connects to it from now on follows the file. */
export function followFile(url: string, file: string, lifeSeconds: number): void {
  followed.set(url, new UrlFile(file, url, lifeSeconds));
}

export function fileOf(url: string): UrlFile | undefined {
  return followed.get(url);
}
