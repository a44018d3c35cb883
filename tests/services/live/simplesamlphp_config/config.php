<?php
// The smallest configuration that signs somebody in, over plain HTTP on loopback. For tests only.
$W = getenv('SSP_WORK');
$config = [
    'baseurlpath' => 'http://127.0.0.1:' . getenv('SSP_PORT') . '/simplesaml/',
    'certdir' => "$W/", 'loggingdir' => "$W/log/", 'datadir' => "$W/data/", 'tempdir' => "$W/tmp",
    'metadatadir' => __DIR__ . '/metadata/',
    'attributenamemapdir' => getenv('SSP_ETC') . '/attributemap/',
    'secretsalt' => 'only-for-tests', 'auth.adminpassword' => 'only-for-tests',
    'technicalcontact_name' => 'Test', 'technicalcontact_email' => 'test@example.test',
    'timezone' => 'UTC', 'admin.checkforupdates' => false,
    'showerrors' => true, 'errorreporting' => false,
    'logging.level' => SimpleSAML\Logger::NOTICE, 'logging.handler' => 'file', 'logging.logfile' => 'simplesamlphp.log',
    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true, 'ldap' => true], // Debian: exampleauth is off
    'session.cookie.name' => 'SimpleSAMLSessionID', 'session.cookie.secure' => false, 'session.cookie.samesite' => null,
    'session.phpsession.cookiename' => 'SimpleSAML', 'session.phpsession.savepath' => "$W/sessions",
    'session.phpsession.httponly' => true, 'session.authtoken.cookiename' => 'SimpleSAMLAuthToken',
    'language.available' => ['en'], 'language.default' => 'en', 'theme.use' => 'default',
    'authproc.idp' => [], 'authproc.sp' => [],
    'metadata.sources' => [['type' => 'flatfile']],
    'store.type' => 'phpsession',
];
