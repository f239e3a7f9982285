import { Inject, Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { getOptionsToken, getStorageToken, ThrottlerGuard } from '@nestjs/throttler';
import type { ThrottlerModuleOptions, ThrottlerRequest, ThrottlerStorage } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PUBLIC } from '../access/allow.js';
import { Identification } from '../access/identification.js';
import type { KernelConfig } from '../config/kernel.config.js';
import { Problem } from '../http/problem.js';
import { contextOf } from '../http/request-context.js';
import { SENSITIVE } from './sensitive.js';
import { isUncounted, Throttle, WINDOW_MS } from './throttle.js';
import type { LimitName } from './throttle.js';

/** The limits of an installation, for `ThrottlerModule`. */
export function limitsOf(config: KernelConfig, storage: ThrottlerStorage): ThrottlerModuleOptions {
  const isStranger = (execution: ExecutionContext): boolean => actorOf(execution) === null;
  const limit = (name: LimitName, perMinute: number, skipIf: typeof isStranger) => ({
    ...{ name, limit: perMinute, ttl: WINDOW_MS, skipIf },
  });
  return {
    storage,
    throttlers: [
      limit('anonymous', config.API_THROTTLE_ANON_IP_RATE.perMinute, (it) => !isStranger(it)),
      limit('user', config.API_THROTTLE_USER_RATE.perMinute, isStranger),
      limit(
        'sensitive',
        config.API_THROTTLE_SENSITIVE_USER_RATE.perMinute,
        (execution) => isStranger(execution) || !isSensitive(execution),
      ),
    ],
  };
}

/**
 * The first guard: counts every request before its permission is looked at. Without credentials a
 * request counts for its address before anything is asked; with credentials it counts for the user
 * whom they prove, and when they prove nobody for the address again.
 */
@Injectable()
export class ThrottleGuard extends ThrottlerGuard {
  constructor(
    @Inject(getOptionsToken()) options: ThrottlerModuleOptions,
    @Inject(getStorageToken()) storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly identification: Identification,
    private readonly throttle: Throttle,
  ) {
    super(options, storage, reflector);
  }

  protected override async shouldSkip(execution: ExecutionContext): Promise<boolean> {
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    if (isUncounted(request)) return true;
    const targets = [execution.getHandler(), execution.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, targets)) return false;
    try {
      this.throttle.learn(request, (await this.identification.of(request)) !== null);
    } catch (error) {
      if (!(error instanceof Problem) || error.definition.status >= 500) throw error;
      // Credentials that are refused count like credentials that prove nobody.
      await this.throttle.admitStranger(
        request,
        execution.switchToHttp().getResponse<FastifyReply>(),
      );
      throw error;
    }
    return false;
  }

  protected override async handleRequest(asked: ThrottlerRequest): Promise<boolean> {
    const http = asked.context.switchToHttp();
    const name = asked.throttler.name as LimitName;
    await this.throttle.admit(
      name,
      asked.limit,
      http.getRequest<FastifyRequest>(),
      http.getResponse<FastifyReply>(),
    );
    return true;
  }
}

function isSensitive(execution: ExecutionContext): boolean {
  return Reflect.getMetadata(SENSITIVE, execution.getHandler()) === true;
}

function actorOf(execution: ExecutionContext): unknown {
  return contextOf(execution.switchToHttp().getRequest<FastifyRequest>()).actor;
}
