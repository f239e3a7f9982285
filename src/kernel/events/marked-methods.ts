import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { AddonRegistry } from '../addon/registry.js';

/** A method of a provider that carries a mark, bound and ready to call. */
export interface MarkedMethod<M> {
  /** `<addon>/<Class>.<method>`, stable across restarts. */
  readonly name: string;
  readonly mark: M;
  readonly call: (...args: unknown[]) => Promise<void>;
}

/** Finds the providers' methods that a decorator marked. */
@Injectable()
export class MarkedMethods {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly registry: AddonRegistry,
  ) {}

  /** Every provider method that carries metadata under the key. */
  find<M>(key: string): MarkedMethod<M>[] {
    const found: MarkedMethod<M>[] = [];
    for (const { instance, metatype } of this.discovery.getProviders()) {
      const owner = instance as Record<string, unknown> | null;
      if (typeof owner !== 'object' || owner === null) continue;
      const prototype = Object.getPrototypeOf(owner) as object | null;
      if (!prototype) continue;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const method = owner[name];
        if (typeof method !== 'function') continue;
        const mark = this.reflector.get<M | undefined>(key, method);
        if (mark === undefined) continue;
        const call = method.bind(owner) as MarkedMethod<M>['call'];
        const addon = this.registry.ownerOf(metatype);
        found.push({ name: `${addon}/${owner.constructor.name}.${name}`, mark, call });
      }
    }
    return found;
  }
}
