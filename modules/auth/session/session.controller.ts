import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow, Answers, AnswersNothing, currentActor, Public, SIGNED_IN } from '#kernel';
import type { Actor } from '#kernel';
import { SESSION_COOKIE } from './session.authenticator.js';
import { SignIn } from './session.input.js';
import { WrongCredentials } from './session.problems.js';
import { SessionService } from './session.service.js';
import { SessionView, SignedInUserView, WhoAmIView } from './session.view.js';

@ApiTags('auth')
@Controller('api/v1/auth')
export class SessionController {
  constructor(private readonly sessions: SessionService) {}

  /** Public: it is how one becomes somebody. */
  @Post('login')
  @Public()
  @Answers(SessionView, WrongCredentials)
  async login(
    @Body() input: SignIn,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    const { token, expiresAt, actor } = await this.sessions.start(input);
    void reply.setCookie(SESSION_COOKIE, token, {
      httpOnly: true,
      sameSite: 'strict',
      secure: request.protocol === 'https',
      path: '/',
      expires: expiresAt,
    });
    return { token, expiresAt: expiresAt.toISOString(), user: userOf(actor) };
  }

  @Post('logout')
  @Allow(SIGNED_IN)
  @AnswersNothing()
  async logout(@Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.sessions.end();
    void reply.clearCookie(SESSION_COOKIE, { path: '/' });
  }

  @Get('me')
  @Allow(SIGNED_IN)
  @Answers(WhoAmIView)
  me(): WhoAmIView {
    const actor = currentActor();
    return { user: userOf(actor), permissions: [...actor.permissions].sort() };
  }
}

function userOf(actor: Actor): SignedInUserView {
  const { userId, companyId, login, name, roles } = actor;
  return { id: userId ?? '', companyId, login, name, roles: [...roles] };
}
