import { createHash } from 'node:crypto';

/** Text that is HTML already; only {@link html} and {@link styleSheet} make it. */
export class Html {
  private constructor(private readonly text: string) {}

  /** A style element; nothing in it is escaped, so that it takes constants only. */
  static style(css: string): Html {
    if (css.includes('</')) throw new Error('A style sheet that ends its own element.');
    return new Html(`<style>${css}</style>`);
  }

  /** Joins the literal parts of a template with its values, escaped. */
  static of(parts: TemplateStringsArray, values: readonly HtmlValue[]): Html {
    return new Html(parts.map((part, index) => part + written(values[index] ?? '')).join(''));
  }

  toString(): string {
    return this.text;
  }
}

type HtmlValue = Html | string | number | readonly HtmlValue[];

/**
 * A piece of HTML: html`<td>${name}</td>`. Every value is escaped unless it is such a piece itself;
 * lists are joined. Values fit between tags and inside quoted attributes, nowhere else: a style or
 * script has no values.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.of(parts, values);
}

/**
 * A style sheet as an element, and the source (CSP Level 3, section 2.3.1) by which a page's
 * policy admits this one and no other.
 *
 * @param css a constant
 */
export function styleSheet(css: string): { readonly element: Html; readonly source: string } {
  const digest = createHash('sha256').update(css).digest('base64');
  return { element: Html.style(css), source: `'sha256-${digest}'` };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function written(value: HtmlValue): string {
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return (value as readonly HtmlValue[]).map(written).join('');
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
