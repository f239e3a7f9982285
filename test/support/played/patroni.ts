import { createServer } from 'node:http';
import { bodyOf, Listening } from './listening.js';

/** A member as Patroni tells it at `/cluster`. */
export interface PlayedMember {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline?: number;
  readonly lag?: number | string;
}

/** The REST API of one Patroni, which says what a test tells it to. */
export class PlayedPatroni {
  /** What it says of itself, and of all. */
  self: object = {};
  members: readonly PlayedMember[] = [];
  isSilent = false;
  status = 200;
  /** What it was told to do, in order. */
  readonly told: { path: string; body: object; authorization: string | undefined }[] = [];
  /** Called when it is told to do something; says with which status it answers. */
  onTold: (path: string) => number = () => 200;

  private constructor(private readonly server: Listening) {}

  static async open(): Promise<PlayedPatroni> {
    const server = await Listening.open(
      createServer((request, response) => {
        void bodyOf<object>(request).then((body) => {
          if (patroni.isSilent) return;
          const { url: path = '', method } = request;
          if (method === 'GET') {
            const said = path === '/cluster' ? { members: patroni.members } : patroni.self;
            response.writeHead(patroni.status).end(JSON.stringify(said));
            return;
          }
          patroni.told.push({ path, body, authorization: request.headers.authorization });
          response.writeHead(patroni.onTold(path)).end('said');
        });
      }),
    );
    const patroni = new PlayedPatroni(server);
    return patroni;
  }

  get url(): string {
    return this.server.url;
  }

  async close(): Promise<void> {
    await this.server.close();
  }
}
