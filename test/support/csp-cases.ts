/** One question to the matcher: what Chromium does, and what CSP Level 3 says. */
export interface CspCase {
  readonly chromium: 'allow' | 'block';
  readonly standard: 'allow' | 'block';
  readonly policy: string;
  readonly directive: string;
  readonly url: string;
  readonly pageUrl: string;
  readonly nonce: string;
}

/** URLs against sources, as Chromium 156 decided each: Chromium, standard, policy, directive, URL, page, nonce. */
export const cspCases: readonly CspCase[] = String.raw`
allow | allow | connect-src 'self' | connect-src | wss://page.test/
allow | allow | connect-src 'self' | connect-src | ws://page.test/ | http://page.test/
allow | allow | connect-src 'self' | connect-src | wss://page.test/ | http://page.test/
block | allow | connect-src https://page.test | connect-src | wss://page.test/
block | allow | connect-src page.test | connect-src | wss://page.test/
block | allow | connect-src http://page.test | connect-src | ws://page.test/ | http://page.test/
allow | allow | connect-src * | connect-src | wss://a.test/
allow | allow | connect-src ws://a.test | connect-src | wss://a.test/
block | allow | connect-src wss: | connect-src | https://a.test/
block | allow | connect-src ws: | connect-src | https://a.test/
block | allow | connect-src https: | connect-src | wss://a.test/
block | allow | connect-src http: | connect-src | ws://a.test/ | http://page.test/
allow | allow | img-src 'self' | img-src | https://page.test/x
block | block | img-src 'self' | img-src | https://page.test:8443/x
allow | allow | img-src 'self' | img-src | https://page.test/x | http://page.test/
allow | allow | img-src 'self' | img-src | https://page.test:8080/x | http://page.test:8080/
block | block | img-src 'self' | img-src | https://page.test/x | http://page.test:8080/
block | block | img-src 'self' | img-src | http://page.test:8080/x | http://page.test/
allow | block | img-src 'self' | img-src | http://page.test/x
allow | block | img-src http://a.test:80 | img-src | https://a.test/x
allow | block | img-src http://a.test:80 | img-src | https://a.test/x | http://page.test/
block | allow | img-src http://a.test:8080 | img-src | https://a.test:8080/x
allow | allow | img-src http://a.test:* | img-src | https://a.test:8080/x
block | block | img-src http://a.test | img-src | https://a.test:8080/x
allow | block | img-src a.test:80 | img-src | https://a.test/x | http://page.test/
block | block | img-src a.test:80 | img-src | https://a.test/x
allow | allow | img-src a.test:443 | img-src | https://a.test/x | http://page.test/
allow | allow | img-src http://a.test:443 | img-src | https://a.test/x
block | block | img-src *.a.test | img-src | https://a.test/x
allow | allow | img-src *.a.test | img-src | https://b.a.test/x
allow | allow | img-src *.a.test | img-src | https://c.b.a.test/x
allow | allow | img-src https://* | img-src | https://c.b.a.test/x
allow | allow | img-src *:8443 | img-src | https://c.b.a.test:8443/x
allow | allow | img-src *:* | img-src | https://c.b.a.test:8443/x
allow | allow | img-src *:* | img-src | https://c.b.a.test/x
allow | allow | img-src https://*:* | img-src | https://c.b.a.test:9/x
allow | allow | img-src A.TEST | img-src | https://a.test/x
allow | allow | img-src HTTPS://a.test | img-src | https://a.test/x
block | block | img-src a.test/X | img-src | https://a.test/x
block | block | img-src a.test./x | img-src | https://a.test/x
allow | allow | img-src a.test. | img-src | https://a.test./x
block | block | img-src a.test | img-src | https://a.test./x
block | block | img-src a_b.test | img-src | https://a_b.test/x
allow | allow | img-src 127.0.0.1 | img-src | https://127.0.0.1/x
allow | block | img-src 10.0.0.5 | img-src | https://10.0.0.5/x
block | block | img-src [::1] | img-src | https://[::1]/x
block | block | img-src https://[::1] | img-src | https://[::1]/x
allow | allow | img-src https: | img-src | https://[::1]/x
allow | allow | img-src * | img-src | https://[::1]/x
allow | allow | img-src a.test/p | img-src | https://a.test/p
block | block | img-src a.test/p | img-src | https://a.test/p/
block | block | img-src a.test/p | img-src | https://a.test/p/q
block | block | img-src a.test/p/ | img-src | https://a.test/p
allow | allow | img-src a.test/p/ | img-src | https://a.test/p/q?x=1
allow | allow | img-src a.test/ | img-src | https://a.test/z
allow | block | img-src a.test/p?x=1 | img-src | https://a.test/p?x=1
allow | block | img-src a.test/p?x=1 | img-src | https://a.test/p
allow | block | img-src a.test/p#f | img-src | https://a.test/p
allow | block | img-src a.test/a%2Fb | img-src | https://a.test/a/b
allow | block | img-src a.test/a/b | img-src | https://a.test/a%2Fb
allow | allow | img-src a.test/%70 | img-src | https://a.test/p
allow | allow | img-src a.test/a%3Bb | img-src | https://a.test/a;b
allow | allow | img-src a.test/a%2 | img-src | https://a.test/a%2
allow | allow | img-src a.test/%FF | img-src | https://a.test/%FF
allow | allow | img-src a.test/%C3%B1 | img-src | https://a.test/ñ
allow | allow | img-src 'none' a.test | img-src | https://a.test/x
block | block | img-src 'none' | img-src | https://a.test/x
block | block | img-src | img-src | https://a.test/x
block | block | img-src 'NONE' | img-src | https://a.test/x
allow | allow | img-src 'SELF' | img-src | https://page.test/x
block | block | IMG-SRC 'self' | img-src | https://a.test/x
block | block | img-src * | img-src | data:image/svg+xml,x
allow | allow | img-src data: | img-src | data:image/svg+xml,x
block | block | img-src data | img-src | data:image/svg+xml,x
block | block | img-src * | img-src | blob:https://page.test/1
block | allow | img-src 'self' | img-src | blob:https://page.test/1
allow | allow | img-src blob: | img-src | blob:https://page.test/1
block | block | img-src https: | img-src | http://a.test/x | http://page.test/
allow | allow | img-src http: | img-src | https://a.test/x
allow | allow | img-src a.test | img-src | http://a.test/x | http://page.test/
allow | allow | img-src a.test | img-src | https://a.test/x | http://page.test/
allow | allow | default-src 'none'; child-src https://a.test | frame-src | https://a.test/x.html
block | block | default-src 'none'; child-src https://a.test | frame-src | https://b.test/x.html
block | block | default-src 'self' | font-src | https://a.test/f
block | block | default-src a.test; font-src b.test | font-src | https://a.test/f
block | block | default-src a.test | media-src | https://b.test/f
block | block | script-src 'none' | worker-src | /w.js
block | block | child-src 'none' | worker-src | /w.js
block | block | child-src 'none'; script-src 'self' | worker-src | /w.js
block | block | default-src 'none' | worker-src | /w.js
allow | allow | worker-src 'self'; default-src 'none' | worker-src | /w.js
block | block | worker-src 'self' | worker-src | data:text/javascript,1
allow | allow | script-src 'strict-dynamic' 'nonce-x' | worker-src | /w.js
allow | block | default-src 'strict-dynamic' 'nonce-x' | worker-src | /w.js
allow | block | worker-src 'strict-dynamic' 'nonce-x' | worker-src | /w.js
allow | block | child-src 'strict-dynamic' 'nonce-x' | worker-src | /w.js
allow | allow | script-src 'strict-dynamic' 'nonce-x' https: | script-src-elem | https://a.test/a.js
block | block | script-src 'self' | script-src-elem | https://a.test/a.js
allow | allow | script-src-elem a.test; script-src 'none' | script-src-elem | https://a.test/a.js
block | block | default-src 'strict-dynamic' | img-src | https://a.test/a
block | block | img-src 'nonce-x' | img-src | https://a.test/a |  | x
allow | allow | style-src 'nonce-x' | style-src-elem | https://a.test/a.css |  | x
allow | allow | script-src 'nonce-x' | script-src-elem | https://a.test/a.js |  | x
block | block | script-src 'nonce-x' | script-src-elem | https://a.test/a.js |  | X
block | block | form-action 'none' | form-action | /x
allow | allow | default-src 'none' | form-action | https://a.test/x.html
allow | allow | form-action a.test | form-action | https://a.test/x.html
block | block | form-action a.test | form-action | https://b.test/x.html
block | block | base-uri 'self' | base-uri | https://a.test/
allow | allow | base-uri a.test | base-uri | https://a.test/
allow | allow | default-src 'none' | base-uri | https://a.test/
block | block | object-src 'none' | object-src | https://a.test/x.html
allow | allow | object-src a.test | object-src | https://a.test/x.html
block | block | img-src a.test, img-src b.test | img-src | https://a.test/x
block | block | img-src a.test; img-src b.test | img-src | https://b.test/x
allow | allow | img-src a.test b.test | img-src | https://b.test/x
allow | allow | img-src ñ.test a.test | img-src | https://b.test/x
allow | block | connect-src ws://a.test:80 | connect-src | wss://a.test/
block | allow | connect-src ws://a.test:443 | connect-src | wss://a.test/
allow | allow | connect-src ws: | connect-src | wss://a.test/
allow | block | img-src https: | img-src | http://a.test/x
allow | allow | script-src http: | script-src-elem | http://a.test/x.js
block | block | script-src https: | script-src-elem | http://a.test/x.js
block | block | media-src https: | media-src | http://a.test/x
allow | block | img-src https://a.test:8080 | img-src | http://a.test:8080/x
block | block | img-src https://10.0.0.5 | img-src | http://10.0.0.5/x
block | block | connect-src https: | connect-src | http://a.test/
block | block | style-src https: | style-src-elem | http://a.test/
block | block | font-src https: | font-src | http://a.test/
block | block | frame-src https: | frame-src | http://a.test/
block | block | object-src https: | object-src | http://a.test/
allow | allow | img-src 'self' https:; upgrade-insecure-requests | script-src-elem | http://a.test/
allow | allow | script-src https:; upgrade-insecure-requests | script-src-elem | http://a.test/a.js
allow | allow | img-src *.test | img-src | https://b.test/x
block | block | img-src *.*.test | img-src | https://c.b.test/x
block | block | img-src a.* | img-src | https://a.test/x
block | block | img-src ** | img-src | https://a.test/x
allow | allow | img-src a.test:0443 | img-src | https://a.test/x
block | block | img-src a.test: | img-src | https://a.test/x
block | block | img-src //a.test | img-src | https://a.test/x
block | block | img-src https:a.test | img-src | https://a.test/x
block | block | img-src https:/a.test | img-src | https://a.test/x
allow | allow | img-src localhost:8080 | img-src | http://localhost:8080/x | http://page.test/
block | block | img-src user@a.test | img-src | https://a.test/x
allow | allow | img-src a.test//x | img-src | https://a.test//x
`
  .trim()
  .split('\n')
  .map((line) => {
    const [chromium, standard, policy = '', directive = '', url = '', page = '', nonce = ''] =
      line.split(/ \| ?/);
    const pageUrl = page.trim() || 'https://page.test/';
    return { chromium, standard, policy, directive, url, pageUrl, nonce } as CspCase;
  });
