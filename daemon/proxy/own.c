/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/own.h"

#include "base/buf.h"
#include "conf/conf.h"

#define OWN_DOMAINS_MAX 512

void own_pac(struct buf *out, const struct conf *conf, const char *authority)
{
	const char *domain[OWN_DOMAINS_MAX];
	unsigned n = conf_domains(conf, domain, OWN_DOMAINS_MAX);

	buf_add_str(out,
	    "// Hosts of conferencing services go through the gateway.\n"
	    "function FindProxyForURL(url, host) {\n"
	    "  var domain = [");
	/* Pages that refuse something lead to our own. */
	buf_addf(out, "\n    \"%s\"", conf->page_name);
	for (unsigned i = 0; i < n; i++)
		buf_addf(out, ",\n    \"%s\"", domain[i]);
	buf_addf(out,
	    "\n  ];\n"
	    "  host = host.toLowerCase();\n"
	    "  for (var i = 0; i < domain.length; i++)\n"
	    "    if (host == domain[i] ||\n"
	    "        host.slice(-domain[i].length - 1) == \".\" + domain[i])\n"
	    "      return \"PROXY %s\";\n"
	    "  return \"DIRECT\";\n"
	    "}\n",
	    authority);
}
