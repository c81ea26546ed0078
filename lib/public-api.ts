// The address that carriers and the site know: an HTTP API without routes. It stands with the data, because it is typed into other people's
/* oxlint-disable no-new -- a construct joins the tree by being made */
// consoles: a telephony stack that is torn down and put up again finds it as it was. telephony-api.ts gives it its routes.
import { Aws, CfnOutput } from 'aws-cdk-lib';
import { ApiMapping, DomainName, HttpApi, type HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { Link } from './link.ts';

export class PublicApi extends Construct {
  readonly api: HttpApi;
  /** `https://…` without a slash at the end: what signatures are checked against. */
  readonly baseUrl: string;
  /** The API's own host, whatever else it is called. */
  readonly originHost: string;
  private readonly domain: DomainName | undefined;

  constructor(scope: Construct, id: string, { config }: { config: Config }) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', { apiName: `ringback-${config.stage}`, description: 'Enquiries, answer documents, callbacks, the console', createDefaultStage: false });
    this.originHost = `${this.api.apiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}`;
    if (config.apiDomain && config.apiCertificateArn) {
      this.domain = new DomainName(this, 'Domain', { domainName: config.apiDomain, certificate: Certificate.fromCertificateArn(this, 'Certificate', config.apiCertificateArn) });
      new CfnOutput(this, 'ApiDomainTarget', { value: this.domain.regionalDomainName, description: `CNAME of ${config.apiDomain}` });
    }
    this.baseUrl = `https://${config.apiDomain ?? this.originHost}`;
  }

  /** Called by the stack that makes the stage. */
  mapDomain(scope: Construct, stage: HttpStage): void {
    if (this.domain) new ApiMapping(scope, 'DomainMapping', { api: this.api, domainName: this.domain, stage });
  }

  /** No permission goes with knowing the address. */
  tellAddress(link: Link): void {
    link.setVariable('PUBLIC_BASE_URL', this.baseUrl);
  }
}
