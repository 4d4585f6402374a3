@org.jspecify.annotations.NullMarked
package hako.vm;
