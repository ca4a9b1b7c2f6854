# The twenty pod-security checks of internal/check/testdata/pods.txtar.
package pods

import rego.v1

pod := input.spec.template.spec

containers := array.concat(
	array.concat(object.get(pod, "containers", []), object.get(pod, "initContainers", [])),
	object.get(pod, "ephemeralContainers", []),
)

default no_privileged := false

no_privileged if every c in containers { not c.securityContext.privileged == true }

default no_escalation := false

no_escalation if every c in containers { c.securityContext.allowPrivilegeEscalation == false }

default non_root := false

non_root if every c in containers { runs_as_non_root(c) }

runs_as_non_root(c) if c.securityContext.runAsNonRoot == true

runs_as_non_root(c) if {
	not has_non_root(c)
	pod.securityContext.runAsNonRoot == true
}

has_non_root(c) if c.securityContext.runAsNonRoot in {true, false}

default read_only_root := false

read_only_root if every c in containers { c.securityContext.readOnlyRootFilesystem == true }

default capabilities_dropped := false

capabilities_dropped if every c in containers { "ALL" in c.securityContext.capabilities.drop }

default capabilities_added := false

capabilities_added if every c in containers {
	every x in object.get(c, ["securityContext", "capabilities", "add"], []) { x == "NET_BIND_SERVICE" }
}

default no_host_network := false

no_host_network if not pod.hostNetwork == true

default no_host_pid := false

no_host_pid if not pod.hostPID == true

default no_host_ipc := false

no_host_ipc if not pod.hostIPC == true

default no_host_path := false

no_host_path if not host_path

host_path if {
	some v in pod.volumes
	v.hostPath
}

default no_host_ports := false

no_host_ports if every c in containers {
	every p in object.get(c, "ports", []) { object.get(p, "hostPort", 0) == 0 }
}

default seccomp := false

profiles := {"RuntimeDefault", "Localhost"}

seccomp if every c in containers { has_profile(c) }

has_profile(c) if c.securityContext.seccompProfile.type in profiles

has_profile(c) if {
	object.get(c, ["securityContext", "seccompProfile", "type"], null) == null
	pod.securityContext.seccompProfile.type in profiles
}

default proc_mount := false

proc_mount if every c in containers {
	object.get(c, ["securityContext", "procMount"], "Default") == "Default"
}

default memory_limit := false

memory_limit if every c in containers { c.resources.limits.memory }

default cpu_limit := false

cpu_limit if every c in containers { c.resources.limits.cpu }

default liveness := false

liveness if every c in pod.containers { c.livenessProbe }

default image_tag := false

image_tag if every c in containers {
	contains(c.image, ":")
	not endswith(c.image, ":latest")
}

default token_not_mounted := false

token_not_mounted if pod.automountServiceAccountToken == false

default no_secret_env := false

no_secret_env if not secret_env

secret_env if {
	some c in containers
	some e in c.env
	e.value
	regex.match("(PASSWORD|SECRET|TOKEN)$", e.name)
}

default user_not_root := false

user_not_root if {
	every c in containers { not c.securityContext.runAsUser == 0 }
	not pod.securityContext.runAsUser == 0
}
