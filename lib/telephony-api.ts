// The routes of the public API: each to its function, as functions/handlers/routes.ts says, which the local gateway reads, too.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { CfnStage, HttpApi, HttpMethod, HttpRoute, HttpRouteKey, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { routes, type HttpFunction } from '#handlers/routes.ts';
import { accept } from './accept.ts';
import type { Config } from './config.ts';
import type { PublicApi } from './public-api.ts';
import { RingbackFunction } from './ringback-function.ts';

const does: Record<HttpFunction, string> = {
  enquire: 'Takes enquiries and tells how their calls are doing', answer: 'Answer documents: what the carrier does with a phone that was answered',
  callbacks: 'Keeps what carriers and the agent report', api: 'The console\'s API', health: 'Says which parts work',
};
/** API Gateway gives up after 30 s; carriers much earlier (Twilio: 15 s). */
const TIMEOUT = Duration.seconds(10);

/** A form that a person fills in: more than this a second is not people. Burst in requests. */
const ENQUIRY_THROTTLE = { rate: 5, burst: 10 };
const STAGE_THROTTLE = { rateLimit: 500, burstLimit: 1000 };

export interface TelephonyApiProps {
  config: Config;
  publicApi: PublicApi;
  /** Signs and names the tokens that the console shows. */
  tokens: { issuer: string; audience: string };
}

export class TelephonyApi extends Construct {
  readonly functions: Readonly<Record<HttpFunction, RingbackFunction>>;

  constructor(scope: Construct, id: string, { config, publicApi, tokens }: TelephonyApiProps) {
    super(scope, id);
    const make = (name: HttpFunction): RingbackFunction => new RingbackFunction(this, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, {
      name, does: does[name], config, timeout: TIMEOUT, policy: name !== 'answer' && name !== 'health', traced: name === 'enquire' || name === 'answer',
    });
    this.functions = { enquire: make('enquire'), answer: make('answer'), callbacks: make('callbacks'), api: make('api'), health: make('health') };

    const signedIn = new HttpJwtAuthorizer('ConsoleUser', tokens.issuer, { jwtAudience: [tokens.audience] });
    // By its id: routes of an API that is at hand would put their parts into the API's own stack.
    const httpApi = HttpApi.fromHttpApiAttributes(this, 'Public', { httpApiId: publicApi.api.apiId, apiEndpoint: `https://${publicApi.originHost}` });
    const made = routes.map((route) => {
      const key = `${route.method} ${route.path}`;
      const construct = new HttpRoute(this, key, {
        httpApi, routeKey: HttpRouteKey.with(route.path, HttpMethod[route.method]),
        integration: new HttpLambdaIntegration(route.to, this.functions[route.to].lambda), ...(route.authenticated ? { authorizer: signedIn } : {}),
      });
      if (!route.authenticated) {
        accept(construct, { APIG4: route.to === 'answer' || route.to === 'callbacks'
          ? 'Carriers cannot log in: the function checks the signature over the raw bytes and answers 403 without it.'
          : 'Public on purpose: visitors ask to be called here, and load balancers ask for health. Counters and the throttle hold abuse.' });
      }
      return { key, construct };
    });

    const log = new LogGroup(this, 'AccessLog', { retention: config.logRetentionDays as RetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    const stage = new HttpStage(this, 'Stage', {
      httpApi, stageName: '$default', autoDeploy: true, throttle: STAGE_THROTTLE,
      // Neither addresses nor queries nor numbers: enough to follow one request into the function's log.
      accessLogSettings: { destination: new LogGroupLogDestination(log), format: AccessLogFormat.custom(JSON.stringify({
        requestId: '$context.requestId', time: '$context.requestTimeEpoch', route: '$context.routeKey', status: '$context.status',
        latencyMs: '$context.responseLatency', functionMs: '$context.integrationLatency', error: '$context.integrationErrorMessage',
      })) },
    });
    (stage.node.defaultChild as CfnStage).addPropertyOverride('RouteSettings', {
      'POST /enquire': { ThrottlingRateLimit: ENQUIRY_THROTTLE.rate, ThrottlingBurstLimit: ENQUIRY_THROTTLE.burst },
    });
    // A throttle can only be set on a route that is there.
    stage.node.addDependency(...made.filter(({ key }) => key === 'POST /enquire').map(({ construct }) => construct));
    publicApi.mapDomain(this, stage);
  }
}
