//! The life of containers, one method per request.

use super::{Answer, Outcome};
use crate::agent::Agent;
use crate::api::container_status::State;
use crate::api::*;
use crate::container::{self, Container, report};
use crate::failure::{Code, Doing, Failure, Status};
use crate::spec::{Namespace, Resources};
use crate::storage::Trouble;
use crate::sys::{epoll, files};
use crate::token::Token;
use prost::Message;
use std::time::Duration;

/// How long a deletion waits for killed processes to be gone.
const PATIENCE: Duration = Duration::from_secs(2);
/// Ids become names of directories.
const MAX_ID: usize = 100;
/// In the place of the id that it does not have yet; no container can have this one.
const PREPARED: &str = ".prepared";

impl Agent {
    pub fn container(&mut self, id: &str) -> Result<&mut Container, Status> {
        let found = self.containers.iter_mut().find(|container| container.id == id);
        found.ok_or_else(|| Status::new(Code::NotFound, format!("no container \"{id}\"")))
    }

    pub(super) fn create_container(
        &mut self,
        _stream: u32,
        request: CreateContainerRequest,
    ) -> Outcome<CreateContainerResponse> {
        let id = checked_id(&request.container_id)?;
        if self.containers.iter().any(|container| container.id == id) {
            return Err(Status::new(Code::AlreadyExists, format!("create container \"{id}\": there is one already")));
        }
        let made = if request.prepared { self.adopt(request) } else { self.make(&id, request, false) };
        let kept = made.and_then(|container| Ok(self.keep(container)?));
        self.tell_made(&id, kept)
    }

    pub(super) fn prepare_container(
        &mut self,
        _stream: u32,
        request: CreateContainerRequest,
    ) -> Outcome<CreateContainerResponse> {
        if self.prepared.is_some() {
            return Err(Status::precondition("prepare a container: there is one"));
        }
        let request = CreateContainerRequest { container_id: PREPARED.into(), ..request };
        let made = self.make(PREPARED, request, true);
        let pid = made.map(|container| self.prepared.insert(container).init().pid);
        self.tell_made(PREPARED, pid)
    }

    fn make(&mut self, id: &str, request: CreateContainerRequest, ahead: bool) -> Result<Container, Trouble> {
        let shared = self.shared_namespaces(&request)?;
        self.storages.mount(id, &request.storages)?;
        if let Some(disk) = container::missing_device(&request.devices) {
            return Err(Trouble::Missing(disk));
        }
        let serial = self.next_serial();
        Ok(container::create(request, shared, ahead, serial, &self.epoll)?)
    }

    /// Those of other containers that the new one is to have, by their paths.
    fn shared_namespaces(&self, request: &CreateContainerRequest) -> Result<Vec<Namespace>, Trouble> {
        let shared = request.shared_namespaces.iter();
        shared
            .map(|wanted| {
                let owner = self.containers.iter().find(|container| container.id == wanted.container_id);
                let owner = owner.filter(|container| container.state != State::Stopped).ok_or_else(|| {
                    let (kind, id) = (&wanted.r#type, &wanted.container_id);
                    Trouble::Refused(Status::precondition(format!(
                        "share the {kind} namespace of container \"{id}\": there is no such container, or it has ended"
                    )))
                })?;
                Ok(container::namespace_of(owner, &wanted.r#type)?)
            })
            .collect()
    }

    /// The prepared container becomes this one.
    fn adopt(&mut self, request: CreateContainerRequest) -> Result<Container, Trouble> {
        let size = request.encoded_len();
        if size > report::MAX_TASK {
            let message = format!("create the prepared container: {size} bytes, {} at most", report::MAX_TASK);
            return Err(Trouble::Refused(Status::invalid(message)));
        }
        let Some(mut container) = self.prepared.take() else {
            return Err(Trouble::Refused(Status::precondition("create the prepared container: none is prepared")));
        };
        self.storages.hand_over(PREPARED, &request.container_id);
        container::adopt(&mut container, request).inspect_err(|_| drop(container.destroy(PATIENCE)))?;
        Ok(container)
    }

    fn tell_made(&mut self, id: &str, made: Result<i32, Trouble>) -> Outcome<CreateContainerResponse> {
        if !matches!(made, Ok(_) | Err(Trouble::Missing(_))) {
            self.storages.release(id);
        }
        match made {
            Ok(pid) => Ok(Answer::Now(CreateContainerResponse { failure: None, pid })),
            Err(Trouble::Missing(device)) => Ok(Answer::WaitsFor(device)),
            Err(Trouble::Refused(status)) => Err(status),
            Err(Trouble::Failed(failure)) => {
                Ok(Answer::Now(CreateContainerResponse { failure: Some(failure.into_message()), pid: 0 }))
            }
        }
    }

    fn keep(&mut self, container: Container) -> Result<i32, Failure> {
        let events = container.cgroup.memory_events();
        let token = Token::Memory(container.init().serial).pack();
        let watched = self.epoll.watch(events, epoll::PRIORITY | epoll::EDGE, token);
        watched.doing(|| "watch memory.events".into())?;
        let pid = container.init().pid;
        self.containers.push(container);
        Ok(pid)
    }

    /// Takes back what a CreateContainer has mounted that waited for a device in vain.
    pub fn give_up_waiting(&mut self, waiting: &crate::backlog::Waiting) {
        let request = waiting.request();
        if request.method == "CreateContainer" {
            if let Ok(request) = <CreateContainerRequest as prost::Message>::decode(request.payload) {
                if self.containers.iter().all(|container| container.id != request.container_id) {
                    self.storages.release(&request.container_id);
                }
            }
        }
    }

    pub(super) fn start_container(&mut self, stream: u32, request: StartContainerRequest) -> Outcome<StartResponse> {
        let size = request.hook_state.len();
        if size > report::MAX_TASK {
            return Err(Status::invalid(format!(
                "start the container: a state of {size} bytes, {} at most",
                report::MAX_TASK
            )));
        }
        let container = self.container(&request.container_id)?;
        container.require("start", &[State::Created])?;
        if !request.hook_state.is_empty() {
            container.limit_time()?; // its hooks run first
        }
        let init = container.init_mut();
        if let Some(control) = &init.control {
            report::start(control, &request.hook_state).doing(|| "continue the first process".into())?;
        }
        init.starting = Some(stream);
        let serial = init.serial;
        container.state = State::Running;
        self.watch_start(serial)?;
        Ok(Answer::Later)
    }

    pub(super) fn pause_container(&mut self, _stream: u32, request: ContainerRequest) -> Outcome<Empty> {
        let container = self.container(&request.container_id)?;
        container.require("pause", &[State::Running])?;
        container.cgroup.freeze(true).doing(|| "freeze the container's processes".into())?;
        container.state = State::Paused;
        Ok(Answer::Now(Empty {}))
    }

    pub(super) fn resume_container(&mut self, _stream: u32, request: ContainerRequest) -> Outcome<Empty> {
        let container = self.container(&request.container_id)?;
        container.require("resume", &[State::Paused])?;
        container.cgroup.freeze(false).doing(|| "thaw the container's processes".into())?;
        container.state = State::Running;
        Ok(Answer::Now(Empty {}))
    }

    pub(super) fn update_container(&mut self, _stream: u32, request: UpdateContainerRequest) -> Outcome<Empty> {
        let container = self.container(&request.container_id)?;
        container.require("update", &[State::Created, State::Running, State::Paused])?;
        let mut resources: Resources = serde_json::from_slice(&request.resources_json)
            .map_err(|e| Status::invalid(format!("update container \"{}\": {e}", container.id)))?;
        container.numbers.apply(&mut resources);
        container.limit(&resources)?;
        Ok(Answer::Now(Empty {}))
    }

    pub(super) fn container_stats(&mut self, _stream: u32, request: ContainerRequest) -> Outcome<StatsResponse> {
        Ok(Answer::Now(container::stats(self.container(&request.container_id)?)))
    }

    pub(super) fn list_pids(&mut self, _stream: u32, request: ContainerRequest) -> Outcome<PidsResponse> {
        Ok(Answer::Now(PidsResponse { pids: self.container(&request.container_id)?.cgroup.pids() }))
    }

    pub(super) fn delete_container(&mut self, _stream: u32, request: ContainerRequest) -> Outcome<Empty> {
        let id = request.container_id;
        self.container(&id)?.destroy(PATIENCE)?;
        if let Some(at) = self.containers.iter().position(|container| container.id == id) {
            let mut container = self.containers.remove(at);
            if let Some(root) = &container.root {
                self.storages.let_go(root);
            }
            for process in &mut container.processes {
                self.refuse_waiters(process);
            }
        }
        self.storages.release(&id);
        if !self.containers.is_empty() {
            // What the guest remembers of its files, the host holds open.
            let _ = files::write("/proc/sys/vm/drop_caches", "2");
        }
        Ok(Answer::Now(Empty {}))
    }
}

fn checked_id(id: &str) -> Result<String, Status> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(plain) || id.starts_with('.') {
        return Err(Status::invalid(format!(
            "create container \"{id}\": letters, digits and _.- only, {MAX_ID} at most"
        )));
    }
    Ok(id.into())
}
