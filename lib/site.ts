// The enquiry page and the console: a closed bucket behind CloudFront, with the API under the same origin, so that no page ever needs CORS.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods, CachePolicy, Distribution, Function as EdgeFunction, FunctionCode, FunctionEventType, FunctionRuntime, HeadersFrameOption, HeadersReferrerPolicy,
  HttpVersion, OriginProtocolPolicy, OriginRequestHeaderBehavior, OriginRequestPolicy, OriginRequestQueryStringBehavior, PriceClass, ResponseHeadersPolicy, SecurityPolicyProtocol,
  ViewerProtocolPolicy, type BehaviorOptions,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { accept } from './accept.ts';
import type { Config } from './config.ts';
import { ORIGIN_HEADER } from './secrets.ts';

/** Where Cloudflare's captcha comes from, where one is asked for. */
const TURNSTILE = 'https://challenges.cloudflare.com';

/** Nothing from anywhere but here; the console signs people in at Cognito. */
const contentSecurityPolicy = (signInUrl: string, captcha: boolean): string => [
  "default-src 'none'", `script-src 'self'${captcha ? ` ${TURNSTILE}` : ''}`, ...(captcha ? [`frame-src ${TURNSTILE}`] : []), "style-src 'self'", "img-src 'self' data:", "media-src 'self' blob:", "font-src 'self'",
  `connect-src 'self' ${signInUrl}`, "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "manifest-src 'self'",
].join('; ');

/** `/console` is a page, as it is on one machine. */
const PAGES = `function handler(event) {
  var request = event.request;
  if (request.uri === '/console' || request.uri === '/console/') request.uri = '/console.html';
  if (request.uri === '/outbox' || request.uri === '/outbox/') request.uri = '/outbox.html';
  return request;
}`;

export interface SiteProps {
  config: Config;
  /** The public API's own host, and the header's value by which it knows us. */
  api: { host: string; secret: string };
  signInUrl: string;
  webAclArn?: string;
}

export class Site extends Construct {
  readonly bucket: Bucket;
  readonly distribution: Distribution;
  /** `https://…` without a slash at the end. */
  readonly url: string;

  constructor(scope: Construct, id: string, { config, api, signInUrl, webAclArn }: SiteProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL, encryption: BucketEncryption.S3_MANAGED, enforceSSL: true, objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    accept(this.bucket, { S1: 'Public pages, which only CloudFront may read: a log of its reads would say nothing.' });
    const headers = new ResponseHeadersPolicy(this, 'Headers', {
      comment: `Ringback ${config.stage}`,
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy: contentSecurityPolicy(signInUrl, Boolean(config.settings.TURNSTILE_SITE_KEY)), override: true },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: false, override: true },
        contentTypeOptions: { override: true }, frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN, override: true },
      },
      customHeadersBehavior: { customHeaders: [{ header: 'Permissions-Policy', value: 'camera=(), geolocation=(), microphone=(self), payment=()', override: true }] },
    });
    const https = { viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS, responseHeadersPolicy: headers };
    const origin = new HttpOrigin(api.host, { protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY, customHeaders: { [ORIGIN_HEADER]: api.secret }, readTimeout: Duration.seconds(30) });
    const uncached = { ...https, origin, allowedMethods: AllowedMethods.ALLOW_ALL, cachePolicy: CachePolicy.CACHING_DISABLED, viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY };
    // The visitor's address comes in CloudFront's own header; what a visitor writes into one of that name never gets here.
    const enquiry: BehaviorOptions = { ...uncached, originRequestPolicy: new OriginRequestPolicy(this, 'Enquiry', {
      comment: 'What the enquiry function reads', queryStringBehavior: OriginRequestQueryStringBehavior.none(),
      headerBehavior: OriginRequestHeaderBehavior.allowList('CloudFront-Viewer-Address', 'Content-Type', 'Accept', 'Idempotency-Key', 'User-Agent', 'Referer', 'Origin'),
    }) };
    const pages = new EdgeFunction(this, 'Pages', { code: FunctionCode.fromInline(PAGES), runtime: FunctionRuntime.JS_2_0, comment: 'The console has no ending' });
    this.distribution = new Distribution(this, 'Distribution', {
      comment: `Ringback ${config.stage}: site`, defaultRootObject: 'index.html', priceClass: PriceClass.PRICE_CLASS_ALL, httpVersion: HttpVersion.HTTP2_AND_3,
      ...(config.siteDomain && config.siteCertificateArn ? { minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021, domainNames: [config.siteDomain], certificate: Certificate.fromCertificateArn(this, 'Certificate', config.siteCertificateArn) } : {}),
      ...(webAclArn ? { webAclId: webAclArn } : {}),
      defaultBehavior: {
        ...https, origin: S3BucketOrigin.withOriginAccessControl(this.bucket as IBucket), allowedMethods: AllowedMethods.ALLOW_GET_HEAD, cachePolicy: CachePolicy.CACHING_OPTIMIZED, compress: true,
        functionAssociations: [{ function: pages, eventType: FunctionEventType.VIEWER_REQUEST }],
      },
      additionalBehaviors: {
        '/enquire': enquiry, '/enquire/*': enquiry,
        '/api/*': { ...uncached, originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER },
        '/health': { ...uncached, allowedMethods: AllowedMethods.ALLOW_GET_HEAD, originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER },
      },
    });
    accept(this.distribution, {
      CFR1: 'Which countries may be called is the policy\'s business (docs/policy.md), by number; where the browser stands says little about it.',
      CFR2: 'Optional, because it costs more than everything else at rest: `-c waf=true`. The enquiry\'s own counters and the API\'s throttle hold without it.',
      CFR3: 'Visitors\' addresses are personal data, and nothing here needs them; enquiries are logged by the API, without them.',
      CFR4: 'CloudFront\'s own certificate fixes TLS 1.0 as the least for viewers; with siteDomain and a certificate it is TLS 1.2.',
    });
    this.url = `https://${config.siteDomain ?? this.distribution.distributionDomainName}`;
  }
}
