import type { Addon } from './addon.js';

/**
 * The addons and everything they depend on, dependencies first, ties by name: the order in which
 * they migrate and are composed.
 *
 * @throws Error on a cycle, which only an addon built around the compiler can have
 */
export function inDependencyOrder(addons: readonly Addon[]): Addon[] {
  const ordered: Addon[] = [];
  const entered = new Set<Addon>();
  const visit = (addon: Addon, path: readonly string[]): void => {
    if (ordered.includes(addon)) return;
    if (entered.has(addon)) {
      throw new Error(
        `Addons depend on each other in a circle: ${[...path, addon.name].join(' → ')}`,
      );
    }
    entered.add(addon);
    for (const dependency of byName(addon.depends)) visit(dependency, [...path, addon.name]);
    ordered.push(addon);
  };
  for (const addon of byName(addons)) visit(addon, []);
  return ordered;
}

/** The addon's dependencies, theirs, and so on; without itself. */
export function dependenciesOf(addon: Addon): Set<Addon> {
  return new Set(inDependencyOrder([addon]).filter((other) => other !== addon));
}

function byName(addons: readonly Addon[]): Addon[] {
  return [...addons].sort((a, b) => (a.name < b.name ? -1 : 1));
}
