import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

const set = helmet({
  // Whether an installation speaks https, and for how long it promises to, its proxy knows.
  strictTransportSecurity: false,
  contentSecurityPolicy: {
    directives: { upgradeInsecureRequests: null, 'img-src': ["'self'", 'data:'] },
  },
});

/** The headers that keep a browser from harm: the same in every answer, also to what is no request. */
export const SECURE_HEADERS: Readonly<Record<string, string>> = read();

/** Puts them on an answer, before anything that may replace one. */
export function secure(answer: ServerResponse): void {
  for (const [name, value] of Object.entries(SECURE_HEADERS)) answer.setHeader(name, value);
}

/** Read once off an answer that goes nowhere: none of them depends on the request. */
function read(): Record<string, string> {
  const request = new IncomingMessage(new Socket());
  const answer = new ServerResponse(request);
  set(request, answer, (error?: unknown) => {
    if (error) throw error as Error;
  });
  return Object.fromEntries(
    Object.entries(answer.getHeaders()).map(([name, value]) => [name, String(value)]),
  );
}
